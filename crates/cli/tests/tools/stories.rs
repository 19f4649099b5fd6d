//! What people do with objects, and what they see.

use crate::world::{World, names_in, plain, sorted};
use serde_json::Value;

fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))
}

pub(crate) fn an_object_and_back(w: &World) {
    w.fed(b"hello\n", &["mput", "~~/stor/a.txt"]).ok();
    assert_eq!(w.tool(&["mget", "~~/stor/a.txt"]).ok(), "hello\n");
    // Another version, from a file, and the name from the file.
    w.file("a.txt", b"other");
    w.quiet(&["mput", "-f", "a.txt", "~~/stor"]);
    assert_eq!(w.tool(&["mget", "/me/stor/a.txt"]).ok(), "other");
    // Several are written one after another.
    w.fed(b"", &["mput", "~~/stor/empty"]).ok();
    let all = ["mget", "~~/stor/a.txt", "~~/stor/empty", "~~/stor/a.txt"];
    assert_eq!(w.tool(&all).ok(), "otherother");
    // More than what is kept beside a name, and not of one byte.
    let big: Vec<u8> =
        (0..3_000_000u32).map(|n| (n.wrapping_mul(n) >> 9) as u8).collect();
    w.file("big", &big);
    w.quiet(&["mput", "-m", "-f", "big", "~~/stor/big"]);
    w.quiet(&["mget", "-o", "back", "~~/stor/big"]);
    assert_eq!(w.read("back"), big);
    let missing = w.tool(&["mget", "~~/stor/nope"]).failed();
    assert_eq!(
        missing,
        "mget: ResourceNotFoundError: /me/stor/nope was not found\n"
    );
}

pub(crate) fn listings(w: &World) {
    assert_eq!(w.tool(&["mls"]).ok(), "");
    w.put("~~/stor/d/b.txt", b"12345");
    w.put("~~/stor/d/a", b"");
    w.quiet(&["mmkdir", "~~/stor/d/sub"]);
    assert_eq!(w.tool(&["mls", "d"]).ok(), "a\nb.txt\nsub/\n");
    assert_eq!(w.tool(&["mls", "-r", "~~/stor/d"]).ok(), "sub/\nb.txt\na\n");
    assert_eq!(w.tool(&["mls", "-m", "b", "d"]).ok(), "b.txt\nsub/\n");
    assert_eq!(w.tool(&["mls", "--type", "d", "d"]).ok(), "sub/\n");
    assert_eq!(w.tool(&["mls", "--type=o", "d"]).ok(), "a\nb.txt\n");
    assert_eq!(w.tool(&["mls", "d/b.txt"]).ok(), "b.txt\n");
    let long = plain(&w.tool(&["mls", "-l", "d"]).ok());
    assert_eq!(
        long,
        "-rwxr-xr-x 1 me             0 WHEN a\n\
         -rwxr-xr-x 1 me             5 WHEN b.txt\n\
         drwxr-xr-x 1 me             0 WHEN sub\n"
    );
    let lines = plain(&w.tool(&["mls", "-j", "d"]).ok());
    assert_eq!(
        lines,
        "{\"name\":\"a\",\"etag\":\"ETAG\",\"size\":0,\"type\":\"object\",\
         \"contentType\":\"application/octet-stream\",\
         \"contentMD5\":\"1B2M2Y8AsgTpgAmY7PhCfg==\",\"mtime\":\"TIME\",\
         \"durability\":2,\"parent\":\"/me/stor/d\"}\n\
         {\"name\":\"b.txt\",\"etag\":\"ETAG\",\"size\":5,\
         \"type\":\"object\",\"contentType\":\"text/plain\",\
         \"contentMD5\":\"gnzLDuqKcGxMNKFokfhOew==\",\"mtime\":\"TIME\",\
         \"durability\":2,\"parent\":\"/me/stor/d\"}\n\
         {\"name\":\"sub\",\"type\":\"directory\",\"mtime\":\"TIME\",\
         \"parent\":\"/me/stor/d\"}\n"
    );
    let one = json(&w.tool(&["mls", "--fulljson", "d/b.txt"]).ok());
    assert_eq!(one["headers"]["content-length"], "5");
    assert_eq!(one["extension"], "txt");
    // The account itself.
    let areas = w.tool(&["mls", "~~"]).ok();
    assert_eq!(areas, "jobs/\npublic/\nreports/\nstor/\nuploads/\n");
    let wrong = w.tool(&["mls", "--type", "x", "d"]).failed();
    assert!(wrong.contains("invalid type, must be \"d\""), "{wrong}");
}

pub(crate) fn listings_by_time(w: &World) {
    for name in ["b", "c", "a"] {
        w.put(&format!("~~/stor/t/{name}"), b"");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(w.tool(&["mls", "-t", "t"]).ok(), "a\nc\nb\n");
    assert_eq!(w.tool(&["mls", "-t", "-r", "t"]).ok(), "b\nc\na\n");
    let line = w.tool(&["mls", "-j", "t/c"]).ok();
    assert_eq!(json(&line)["name"], "c");
    let middle = w.tool(&["mls", "-j", "t"]).ok();
    let middle = middle.lines().nth(2).expect("three lines");
    let time = json(middle)["mtime"].as_str().expect("a time").to_owned();
    assert_eq!(w.tool(&["mls", "-t", "-m", &time, "t"]).ok(), "c\nb\n");
}

pub(crate) fn many_entries_are_listed_once(w: &World) {
    for n in 0..1030 {
        w.file(&format!("many/f{n:04}"), b"");
    }
    w.tool(&["msync", "-q", "many", "~~/stor/many"]).ok();
    let expected: Vec<String> = (0..1030).map(|n| format!("f{n:04}")).collect();
    let all = w.tool(&["mls", "many"]).ok();
    assert_eq!(all.lines().collect::<Vec<_>>(), expected);
    let back = w.tool(&["mls", "-r", "many"]).ok();
    assert!(back.lines().rev().eq(expected.iter().map(String::as_str)));
    let by_time = w.tool(&["mls", "-t", "many"]).ok();
    assert_eq!(sorted(&by_time), expected);
    // Pages of two entries, the least that can go on.
    let found = w.tool(&["mfind", "-l", "2", "~~/stor/many"]).ok();
    assert_eq!(found.lines().count(), 1030);
}

pub(crate) fn finding(w: &World) {
    for path in ["logs/2025/a.log", "logs/2026/b.log", "logs/c.txt"] {
        w.put(&format!("~~/stor/{path}"), path.as_bytes());
    }
    let all = w.tool(&["mfind", "~~/stor/logs"]).ok();
    assert_eq!(
        sorted(&all),
        [
            "/me/stor/logs/2025",
            "/me/stor/logs/2025/a.log",
            "/me/stor/logs/2026",
            "/me/stor/logs/2026/b.log",
            "/me/stor/logs/c.txt",
        ]
    );
    let found = |words: &[&str]| {
        let mut all = vec!["mfind"];
        all.extend(words);
        all.push("~~/stor");
        let out = w.tool(&all).ok();
        sorted(&out).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found(&["-t", "o", "-n", "^[ab].*log$"]).len(), 2);
    assert_eq!(found(&["-n", "txt$"]), ["/me/stor/logs/c.txt"]);
    assert_eq!(found(&["--maxdepth", "1"]), ["/me/stor/logs"]);
    assert_eq!(found(&["--mindepth", "2"]).len(), 2);
    assert_eq!(found(&["-s", "11", "-t", "o"]).len(), 2);
    let one = w.tool(&["mfind", "-j", "-n", "^c", "~~/stor/logs"]).ok();
    let one = json(one.trim());
    assert_eq!(one["depth"], 0);
    assert_eq!(one["parent"], "/me/stor/logs");
    // An object is found by itself.
    let object = w.tool(&["mfind", "~~/stor/logs/c.txt"]).ok();
    assert_eq!(object, "/me/stor/logs/c.txt\n");
    // What is missing does not keep the rest from being found.
    let some = w.tool(&["mfind", "~~/stor/no", "~~/stor/logs/2025"]);
    assert_eq!(some.status, 1);
    assert_eq!(some.out, "/me/stor/logs/2025/a.log\n");
    assert!(some.err.starts_with("mfind: in /me/stor/no: "), "{}", some.err);
    let wrong = w.tool(&["mfind", "-n", "(?=x)", "~~/stor"]).failed();
    assert!(wrong.contains("look-around"), "{wrong}");
}

/// Headers that say nothing about the object itself.
const PASSING: &[&str] =
    &["date", "x-", "connection", "keep-alive", "transfer-encoding"];

fn headers(text: &str) -> Vec<String> {
    let kept = |line: &&str| !PASSING.iter().any(|p| line.starts_with(p));
    let mut lines: Vec<String> =
        plain(text).lines().filter(kept).map(str::to_owned).collect();
    lines[1..].sort();
    lines
}

pub(crate) fn headers_and_their_change(w: &World) {
    w.fed(
        b"x\n",
        &[
            "mput",
            "-c",
            "3",
            "-H",
            "content-type: text/x-own",
            "-H",
            "M-Program: sshd",
            "~~/stor/h",
        ],
    )
    .ok();
    let shown = w.tool(&["minfo", "~~/stor/h"]).ok();
    let lines = headers(&shown);
    assert_eq!(lines[0], "HTTP/1.1 200 OK");
    for line in [
        "accept-ranges: bytes",
        "content-length: 2",
        "content-md5: QBsw47i11iljWlxhPNt5GQ==",
        "content-type: text/x-own",
        "durability-level: 3",
        "etag: ETAG",
        "last-modified: DATE",
        "m-program: sshd",
        "server: Manta",
    ] {
        assert!(lines.iter().any(|l| l == line), "{line} of {lines:?}");
    }
    // All headers are replaced; the type stays when none is given.
    w.quiet(&["mchattr", "-H", "m-other: 1", "~~/stor/h"]);
    let after = json(&w.tool(&["minfo", "-j", "~~/stor/h"]).ok());
    assert_eq!(after["statusCode"], 200);
    assert_eq!(after["m-other"], "1");
    assert_eq!(after["m-program"], Value::Null);
    assert_eq!(after["content-type"], "text/x-own");
    assert_eq!(after["content-length"], "2");
    let fixed = w.tool(&[
        "mchattr",
        "-H",
        "content-md5: QBsw47i11iljWlxhPNt5GQ==",
        "~~/stor/h",
    ]);
    assert!(fixed.failed().contains("InvalidUpdateError"));
    // What is not there is an answer.
    let missing = w.tool(&["minfo", "~~/stor/none"]).ok();
    assert!(missing.starts_with("HTTP/1.1 404 Not Found\n"), "{missing}");
    // Directories have headers too.
    w.quiet(&["mmkdir", "-H", "m-team: x", "~~/stor/hd"]);
    let directory = json(&w.tool(&["minfo", "-j", "~~/stor/hd"]).ok());
    assert_eq!(
        directory["content-type"],
        "application/x-json-stream; type=directory"
    );
    assert_eq!(directory["result-set-size"], "0");
    assert_eq!(directory["m-team"], "x");
}

pub(crate) fn role_tags(w: &World) {
    let wrong = w.tool(&["mchmod", "--", "read", "~~/stor/r"]).failed();
    assert!(wrong.contains("should be one of \"+\""), "{wrong}");
    if !w.has_roles() {
        return;
    }
    w.put("~~/stor/r", b"");
    w.quiet(&["mchattr", "-H", "m-x: 1", "~~/stor/r"]);
    w.quiet(&["mchmod", "--", "+read,write", "~~/stor/r"]);
    w.quiet(&["mchmod", "--", "-read", "~~/stor/r"]);
    let info = json(&w.tool(&["minfo", "-j", "~~/stor/r"]).ok());
    assert_eq!(info["role-tag"], "write");
    assert_eq!(info["m-x"], "1");
}

pub(crate) fn conditions(w: &World) {
    let only_new = ["mput", "-H", "if-none-match: *", "~~/stor/c"];
    w.fed(b"1", &only_new).ok();
    let second = w.fed(b"2", &only_new).failed();
    assert_eq!(
        second,
        "mput: Cannot write because HTTP precondition not met.\n"
    );
    assert_eq!(w.tool(&["mget", "~~/stor/c"]).ok(), "1");
    let info = json(&w.tool(&["minfo", "-j", "~~/stor/c"]).ok());
    let etag = info["etag"].as_str().expect("an etag").to_owned();
    let given = format!("if-match: {etag}");
    w.fed(b"3", &["mput", "-H", &given, "~~/stor/c"]).ok();
    w.fed(b"4", &["mput", "-H", &given, "~~/stor/c"]).failed();
    w.tool(&["mget", "-H", &given, "~~/stor/c"]).failed();
    assert_eq!(w.tool(&["mget", "~~/stor/c"]).ok(), "3");
    // A promise about the body that it does not keep stores nothing.
    let promised = "content-md5: 1B2M2Y8AsgTpgAmY7PhCfg==";
    let broken = w.fed(b"5", &["mput", "-H", promised, "~~/stor/c"]).failed();
    assert!(broken.contains("ContentMD5Mismatch"), "{broken}");
    assert_eq!(w.tool(&["mget", "~~/stor/c"]).ok(), "3");
}

pub(crate) fn ranges(w: &World) {
    w.put("~~/stor/range", b"0123456789");
    let part = |range: &str| {
        let header = format!("range: bytes={range}");
        w.tool(&["mget", "-H", &header, "~~/stor/range"])
    };
    assert_eq!(part("0-2").ok(), "012");
    assert_eq!(part("8-100").ok(), "89");
    assert_eq!(part("-3").ok(), "789");
    assert_eq!(part("5-").ok(), "56789");
    let beyond = part("10-").failed();
    assert!(beyond.contains("RequestedRangeNotSatisfiable"), "{beyond}");
}

pub(crate) fn digests(w: &World) {
    w.put("~~/stor/m/a", b"hello\n");
    w.put("~~/stor/m/b", b"");
    let both = w.tool(&["mmd5", "~~/stor/m/a", "~~/stor/m/b"]).ok();
    assert_eq!(
        both,
        "b1946ac92492d2347c6235b4d2611184  /me/stor/m/a\n\
         d41d8cd98f00b204e9800998ecf8427e  /me/stor/m/b\n"
    );
    let some = w.tool(&["mmd5", "~~/stor/m", "~~/stor/m/b"]);
    assert_eq!(some.status, 1);
    assert!(some.err.contains("/me/stor/m is a directory"), "{}", some.err);
    assert!(some.out.starts_with("d41d8cd9"), "{}", some.out);
}

pub(crate) fn links(w: &World) {
    w.put("~~/stor/l/a", b"first");
    w.quiet(&["mln", "~~/stor/l/a", "~~/stor/l/b"]);
    w.put("~~/stor/l/a", b"second");
    assert_eq!(w.tool(&["mget", "~~/stor/l/b"]).ok(), "first");
    let missing = w.tool(&["mln", "~~/stor/l/x", "~~/stor/l/y"]).failed();
    assert!(missing.contains("SourceObjectNotFoundError"), "{missing}");
    let directory = w.tool(&["mln", "~~/stor/l", "~~/stor/y"]).failed();
    assert!(directory.contains("LinkNotObjectError"), "{directory}");
    w.tool(&["mln", "~~/stor/l/a"]).failed();
}

pub(crate) fn directories(w: &World) {
    w.quiet(&["mmkdir", "~~/stor/x"]);
    w.quiet(&["mmkdir", "~~/stor/x"]);
    let deep = w.tool(&["mmkdir", "~~/stor/y/z"]).failed();
    assert!(deep.contains("DirectoryDoesNotExistError"), "{deep}");
    w.quiet(&["mmkdir", "-p", "~~/stor/y/z/a", "~~/stor/q"]);
    assert_eq!(w.tool(&["mls", "y/z"]).ok(), "a/\n");
    let full = w.tool(&["mrmdir", "~~/stor/y"]).failed();
    assert!(full.contains("DirectoryNotEmptyError"), "{full}");
    w.quiet(&["mrmdir", "~~/stor/y/z/a", "~~/stor/y/z", "~~/stor/y"]);
    w.put("~~/stor/o", b"");
    let object = w.tool(&["mrmdir", "~~/stor/o"]).failed();
    assert_eq!(object, "mrmdir: /me/stor/o is not a directory\n");
}

pub(crate) fn removal(w: &World) {
    w.put("~~/stor/rm/a", b"");
    w.put("~~/stor/rm/b", b"");
    w.quiet(&["mrm", "~~/stor/rm/a", "~~/stor/rm/b"]);
    assert_eq!(w.tool(&["mls", "rm"]).ok(), "");
    let missing = w.tool(&["mrm", "~~/stor/rm/a"]).failed();
    assert!(missing.contains("ResourceNotFoundError"), "{missing}");
    let directory = w.tool(&["mrm", "~~/stor/rm"]).failed();
    assert!(directory.contains("/me/stor/rm is not an object"), "{directory}");
    // An empty one costs nobody anything.
    w.quiet(&["mrm", "-r", "~~/stor/rm"]);
    let root = w.tool(&["mrm", "-r", "-f", "~~/stor"]).failed();
    assert!(root.contains("is a root directory"), "{root}");
}

pub(crate) fn removal_of_a_tree(w: &World) {
    for n in 0..40 {
        let path = format!("tree/{}/{}/f{n}", n % 3, n % 5);
        w.file(&path, path.as_bytes());
    }
    w.tool(&["msync", "-q", "tree", "~~/stor/tree"]).ok();
    w.quiet(&["mmkdir", "-p", "~~/stor/tree/empty/deep"]);
    w.put("~~/stor/treehouse", b"stays");
    w.quiet(&["mrm", "-r", "-f", "~~/stor/tree"]);
    assert_eq!(w.tool(&["mls"]).ok(), "treehouse\n");
}

pub(crate) fn removal_asks(w: &World) {
    w.put("~~/stor/asked/a", b"");
    let refused = w.fed(b"y\n", &["mrm", "-r", "~~/stor/asked"]).failed();
    assert!(refused.contains("-f removes it"), "{refused}");
    let asked = w.fed(b"y\n", &["mrm", "-I", "~~/stor/asked/a"]).failed();
    assert!(asked.contains("stdin must be a tty"), "{asked}");
    assert_eq!(w.tool(&["mls", "asked"]).ok(), "a\n");
}

pub(crate) fn files_that_appear_whole(w: &World) {
    w.put("~~/stor/f/name", b"new");
    w.file("old", b"old");
    w.tool(&["mget", "-o", "old", "~~/stor/f/name", "~~/stor/f/none"]).failed();
    assert_eq!(w.read("old"), b"old");
    assert_eq!(names_in(&w.work()), ["old"]);
    w.quiet(&["mget", "-O", "~~/stor/f/name"]);
    assert_eq!(w.read("name"), b"new");
    let two = w.tool(&["mget", "-O", "~~/stor/f/name", "~~/stor/f/name"]);
    assert!(two.failed().contains("single object path"));
}

pub(crate) fn resumed_downloads(w: &World) {
    w.put("~~/stor/f", b"0123456789");
    let info = json(&w.tool(&["minfo", "-j", "~~/stor/f"]).ok());
    let etag = info["etag"].as_str().expect("an etag").to_owned();
    w.file(&format!("f.{etag}.part"), b"0123");
    let ran = w.tool(&["mget", "--resume", "-o", "f", "~~/stor/f"]);
    assert!(ran.err.contains("going on at byte 4 of 10"), "{ran:?}");
    ran.ok();
    assert_eq!(w.read("f"), b"0123456789");
    // A part that somebody changed is not taken for the object.
    w.file(&format!("f.{etag}.part"), b"01x3");
    let bad = w.tool(&["mget", "--resume", "-o", "f", "~~/stor/f"]).failed();
    assert!(bad.contains("ChecksumError"), "{bad}");
    w.tool(&["mget", "--resume", "-o", "f", "~~/stor/f"]).ok();
    assert_eq!(names_in(&w.work()), ["f"]);
}

pub(crate) fn a_folder_and_back(w: &World) {
    w.file("s/one", b"1");
    w.file("s/t/two", b"22");
    let first = w.tool(&["msync", "-p", "1", "s", "~~/stor/s"]).ok();
    assert_eq!(
        plain(&first),
        "building source file list...\n\
         source file list built, 2 files found\n\
         /me/stor/s/one... not found, adding to sync list (1/2)\n\
         /me/stor/s/t/two... not found, adding to sync list (2/2)\n\
         \n\
         sync list built, 2 files staged for syncing (took TIME)\n\
         /me/stor/s/one... synced (1/2)\n\
         /me/stor/s/t/two... synced (2/2)\n\
         \n\
         2 files (3 B) synced successfully, 0 files failed to sync \
         (took TIME)\n\
         done\n"
    );
    let again = w.tool(&["msync", "s", "~~/stor/s"]).ok();
    assert!(again.contains("\nsync list built, 0 files staged"), "{again}");
    // Same size, other bytes: told by the digest alone.
    w.file("s/one", b"9");
    let by_size = w.tool(&["msync", "s", "~~/stor/s"]).ok();
    assert!(by_size.contains("0 files staged"), "{by_size}");
    let dry = w.tool(&["msync", "-n", "-m", "s", "~~/stor/s"]).ok();
    assert!(dry.contains("md5 is different"), "{dry}");
    assert!(dry.contains("/me/stor/s/one... synced (dryrun)"), "{dry}");
    assert_eq!(w.tool(&["mget", "~~/stor/s/one"]).ok(), "1");
    w.tool(&["msync", "-m", "s", "~~/stor/s"]).ok();
    assert_eq!(w.tool(&["mget", "~~/stor/s/one"]).ok(), "9");
    w.tool(&["msync", "-q", "-r", "~~/stor/s", "back"]).ok();
    assert_eq!(w.read("back/t/two"), b"22");
    assert_eq!(w.read("back/one"), b"9");
}

pub(crate) fn a_sync_that_deletes(w: &World) {
    w.file("s/a", b"1");
    w.file("s/b.o", b"2");
    w.tool(&["msync", "-q", "-x", "*.o", "s", "~~/stor/s"]).ok();
    assert_eq!(w.tool(&["mls", "s"]).ok(), "a\n");
    w.put("~~/stor/s/extra/x", b"");
    let dry = w.tool(&["msync", "-n", "-d", "s", "~~/stor/s"]).ok();
    assert!(dry.contains("/me/stor/s/extra/x... deleted (dryrun)"), "{dry}");
    assert_eq!(w.tool(&["mls", "s/extra"]).ok(), "x\n");
    w.tool(&["msync", "-d", "s", "~~/stor/s"]).ok();
    assert_eq!(w.tool(&["mls", "s/extra"]).ok(), "");
    // A source that is not there deletes nothing.
    w.tool(&["msync", "-d", "gone", "~~/stor/s"]).failed();
    assert_eq!(w.tool(&["mls", "s"]).ok(), "a\nb.o\nextra/\n");
}

fn tar(names: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in names {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // Set by hand: the builder refuses what climbs.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, *bytes).expect("into memory");
    }
    builder.into_inner().expect("into memory")
}

pub(crate) fn an_archive(w: &World) {
    w.file(
        "a.tar",
        &tar(&[("./top/README", b"read me"), ("top/a/b", b"bb"), ("z", b"")]),
    );
    let stored = w.tool(&["muntar", "-f", "a.tar", "~~/stor/u"]).ok();
    assert_eq!(
        sorted(&stored),
        ["/me/stor/u/top/README", "/me/stor/u/top/a/b", "/me/stor/u/z"]
    );
    assert_eq!(w.tool(&["mget", "~~/stor/u/top/a/b"]).ok(), "bb");
    assert_eq!(w.tool(&["mget", "~~/stor/u/z"]).ok(), "");
    w.file("no.tar", &[7; 2000]);
    w.tool(&["muntar", "-f", "no.tar", "~~/stor/u"]).failed();
    w.tool(&["muntar", "~~/stor/u"]).failed();
}

pub(crate) fn an_archive_that_climbs(w: &World) {
    w.file("a.tar", &tar(&[("../up", b"x")]));
    let climbs = w.tool(&["muntar", "-f", "a.tar", "~~/stor/u"]).failed();
    assert!(climbs.contains("does not lie below"), "{climbs}");
    assert_eq!(w.tool(&["mls"]).ok(), "");
}

pub(crate) fn mistakes(w: &World) {
    let relative = w.tool(&["mget", "a/b"]).failed();
    assert!(
        relative.contains("InvalidPathError: a/b is not a valid Manta path"),
        "{relative}"
    );
    let header = w.fed(b"", &["mput", "-H", "x", "~~/stor/a"]).failed();
    assert!(header.contains("header must be in the form of"), "{header}");
    let md5 = w.tool(&["mput", "-m", "~~/stor/a"]).failed();
    assert!(md5.contains("--file"), "{md5}");
    let stdin = w.fed(b"", &["mput", "~~/stor"]).failed();
    assert!(stdin.contains("cannot infer name without -f"), "{stdin}");
    let parent = w.fed(b"x", &["mput", "~~/stor/no/a"]).failed();
    assert!(parent.contains("DirectoryDoesNotExistError"), "{parent}");
    let copies = w.fed(b"", &["mput", "-c", "x", "~~/stor/a"]).failed();
    assert!(copies.contains("invalid value"), "{copies}");
    w.file("plain", b"");
    w.tool(&["mput", "-f", ".", "~~/stor/a"]).failed();
    w.tool(&["mput", "-f", "none", "~~/stor/a"]).failed();
    assert_eq!(w.tool(&["mls"]).ok(), "");
}

pub(crate) fn names_that_are_hostile(w: &World) {
    let name = "~~/stor/a\u{1b}[31m\nb\u{202e}c";
    w.put(name, b"x");
    for words in [
        vec!["mls"],
        vec!["mls", "-l"],
        vec!["mls", "-j"],
        vec!["mfind", "~~/stor"],
        vec!["mfind", "-j", "~~/stor"],
        vec!["mmd5", name],
    ] {
        let out = w.tool(&words).ok();
        assert_eq!(out.lines().count(), 1, "{words:?}: {out:?}");
        let control =
            |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!out.contains(control), "{words:?}: {out:?}");
    }
    let line = w.tool(&["mls", "-j"]).ok();
    assert_eq!(json(&line)["name"], "a\u{1b}[31m\nb\u{202e}c");
    assert_eq!(w.tool(&["mget", name]).ok(), "x");
    // Characters that an address would escape.
    for odd in ["a b", "a%2Fb", "a+b", "é#?&=", "100%", "a\"b'"] {
        let path = format!("~~/stor/odd/{odd}");
        w.put(&path, odd.as_bytes());
        assert_eq!(w.tool(&["mget", &path]).ok(), odd);
    }
    assert_eq!(w.tool(&["mls", "odd"]).ok().lines().count(), 6);
}

pub(crate) fn a_word_after_manta(w: &World) {
    w.put("~~/stor/a", b"x");
    assert_eq!(w.tool(&["manta", "ls"]).ok(), "a\n");
    assert_eq!(w.tool(&["manta", "get", "~~/stor/a"]).ok(), "x");
    assert_eq!(w.thoth(&["manta", "ls", "-l"]).ok().lines().count(), 1);
    let wrong = w.tool(&["manta", "lss"]).failed();
    assert!(wrong.contains("lss"), "{wrong}");
    let missing = w.tool(&["manta", "get", "~~/stor/b"]).failed();
    assert!(missing.starts_with("mget: ResourceNotFoundError"), "{missing}");
}

pub(crate) fn an_object_in_parts(w: &World) {
    if !w.is_server() {
        let refused = w.tool(&["mmpu", "create", "~~/stor/p"]).failed();
        let text = "multipart upload is not supported";
        assert!(refused.contains(text), "{refused}");
        return;
    }
    let create = ["mmpu", "create", "-H", "m-x: 1", "-c", "3", "~~/stor/p"];
    let id = w.tool(&create).ok();
    let id = id.trim();
    assert_eq!(plain(id), "ETAG");
    let first = vec![b'a'; 5 << 20];
    w.file("first", &first);
    let a = w.tool(&["mmpu", "upload", "-f", "first", id, "0"]).ok();
    let b = w.fed(b"the end", &["mmpu", "upload", id, "1"]).ok();
    let wrong = w.fed(b"", &["mmpu", "upload", id, "01"]).failed();
    assert!(wrong.contains("[0, 9999]"), "{wrong}");
    let listed = w.tool(&["mmpu", "list"]).ok();
    assert_eq!(listed.lines().count(), 1, "{listed}");
    assert!(listed.trim().ends_with(id), "{listed}");
    let parts = w.tool(&["mmpu", "parts", id]).ok();
    assert_eq!(sorted(&parts).len(), 2, "{parts}");
    let all = w.tool(&["mmpu", "list", "-p"]).ok();
    assert_eq!(all.lines().count(), 3, "{all}");
    let state = json(&w.tool(&["mmpu", "get", id]).ok());
    assert_eq!(state["state"], "created");
    assert_eq!(state["headers"]["m-x"], "1");
    let (a, b) = (a.trim(), b.trim());
    let swapped = w.tool(&["mmpu", "commit", id, b, a]).failed();
    assert!(swapped.contains("MultipartUploadInvalidArgument"), "{swapped}");
    w.quiet(&["mmpu", "commit", id, a, b]);
    let mut whole = first;
    whole.extend(b"the end");
    w.quiet(&["mget", "-o", "whole", "~~/stor/p"]);
    assert!(w.read("whole") == whole);
    let info = json(&w.tool(&["minfo", "-j", "~~/stor/p"]).ok());
    assert_eq!(
        (&info["m-x"], &info["durability-level"]),
        (&"1".into(), &"3".into())
    );
    let state = json(&w.tool(&["mmpu", "get", id]).ok());
    assert_eq!(
        (&state["state"], &state["result"]),
        (&"done".into(), &"committed".into())
    );
    // Another one, which comes to nothing.
    let id = w.tool(&["mmpu", "create", "~~/stor/q"]).ok();
    w.quiet(&["mmpu", "abort", id.trim()]);
    let late = w.tool(&["mmpu", "commit", id.trim()]).failed();
    assert!(late.contains("InvalidMultipartUploadState"), "{late}");
    w.tool(&["mget", "~~/stor/q"]).failed();
    w.tool(&["mmpu", "get", "0d9c4b9e-0d0c-4c3b-8d1c-0a2f6b6a3d57"]).failed();
}

pub(crate) fn a_long_file_goes_in_parts(w: &World) {
    // Long enough to go in parts, and mostly a hole.
    let size = (128 << 20) + 12_345u64;
    w.file("long", b"the beginning");
    let file = std::fs::File::options()
        .write(true)
        .open(w.work().join("long"))
        .expect("it was written");
    file.set_len(size).expect("a sparse file");
    std::os::unix::fs::FileExt::write_at(&file, b"the end", size - 7)
        .expect("room");
    w.quiet(&["mput", "-f", "long", "~~/stor/long"]);
    let part = |range: &str| {
        let header = format!("range: bytes={range}");
        w.tool(&["mget", "-H", &header, "~~/stor/long"]).ok()
    };
    assert_eq!(part("0-12"), "the beginning");
    assert_eq!(part("-7"), "the end");
    w.quiet(&["mget", "-o", "back", "~~/stor/long"]);
    assert!(w.read("back") == w.read("long"));
    if w.is_server() {
        let left = w.tool(&["mmpu", "list", "-p"]).ok();
        assert!(left.lines().count() <= 1, "parts stay: {left}");
    }
    // Refused before the first part.
    let no = w.tool(&["mput", "-f", "long", "~~/stor/none/x"]).failed();
    assert!(no.contains("DirectoryDoesNotExist"), "{no}");
    let once = ["mput", "-H", "if-none-match: *", "-f", "long", "~~/stor/long"];
    let there = w.tool(&once).failed();
    assert!(there.contains("precondition not met"), "{there}");
}

pub(crate) fn signed_addresses(w: &World) {
    let none = w.tool(&["msign", "-u", "http://x.example", "~~/stor/a"]);
    let text = "keyId is a required argument";
    let text = if w.is_server() { "MANTA_NO_AUTH" } else { text };
    assert!(none.failed().contains(text));
    let keygen = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(w.work().join("id"))
        .status();
    assert!(keygen.expect("ssh-keygen is installed").success());
    let public = String::from_utf8(w.read("id.pub")).expect("text");
    let key = thoth_manta::signature::PublicKey::parse(public.trim())
        .expect("a key that was just made");
    let fingerprint = key.md5().to_string();
    let sign = |words: &[&str]| {
        let mut all = vec!["-k", &fingerprint, "-f", "id"];
        all.extend(["-u", "http://x.example:81", "-a", "me"]);
        all.extend(words);
        let mut command = w.command("msign", &all);
        command.env_remove("MANTA_NO_AUTH");
        crate::world::ran(command, b"")
    };
    let url = sign(&["-e", "4102444800", "~~/stor/a b"]).ok();
    let start = "http://x.example:81/me/stor/a%20b?";
    let query = url.trim().strip_prefix(start).expect(&url);
    let signed = thoth_manta::signature::SignedUrl::parse(query)
        .expect("a query that was signed");
    let text = signed
        .signing_string("GET", "x.example:81", "/me/stor/a%20b")
        .expect("a method that is allowed");
    let algorithm = thoth_manta::signature::Algorithm::parse(&signed.algorithm)
        .expect("a label that is known");
    assert!(key.verify(algorithm, text.as_bytes(), &signed.signature));
    assert!(query.contains("expires=4102444800"), "{query}");
    let many = sign(&["-m", "PUT", "-m", "GET", "-E", "5m", "~~/stor/a"]).ok();
    assert!(many.contains("method=GET%2CPUT"), "{many}");
    for wrong in [["-m", "get"], ["-E", "0m"], ["-E", "5x"], ["-g", "rsa-sha1"]]
    {
        let mut words = wrong.to_vec();
        words.push("~~/stor/a");
        sign(&words).failed();
    }
}
