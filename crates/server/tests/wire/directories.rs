//! Directories and their listings.

use crate::support::{Ask, DIRECTORY, Site};

fn filled() -> Site {
    let site = Site::new();
    site.mkdir("/alice/stor/t");
    for name in ["b", "d", "B", "é"] {
        site.put(&format!("/alice/stor/t/{}", encoded(name)), b"abc");
    }
    for name in ["a", "c"] {
        site.mkdir(&format!("/alice/stor/t/{name}"));
    }
    site
}

fn encoded(name: &str) -> String {
    name.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

#[test]
fn pages_are_parts_of_one_order() {
    let site = filled();
    let names = |query: &str| {
        let answer = site.get(&format!("/alice/stor/t{query}"));
        assert_eq!(answer.status, 200, "{query}");
        assert_eq!(answer.header("result-set-size"), "6");
        answer.names()
    };
    assert_eq!(names(""), ["B", "a", "b", "c", "d", "é"]);
    assert_eq!(names("?marker="), ["B", "a", "b", "c", "d", "é"]);
    assert_eq!(names("?limit=2&marker=b"), ["b", "c"]);
    assert_eq!(names("?marker=bb"), ["c", "d", "é"]);
    assert_eq!(names("?marker=%C3%A9"), ["é"]);
    assert_eq!(names("?sort_order=reverse&marker=c"), ["c", "b", "a", "B"]);
    assert_eq!(names("?dir"), ["a", "c"]);
    assert_eq!(names("?directory=x&limit=1"), ["a"]);
    assert_eq!(names("?obj="), ["B", "b", "d", "é"]);
    assert_eq!(names("?obj&dir"), ["B", "a", "b", "c", "d", "é"]);
    assert_eq!(names("?unknown=1&limit=1"), ["B"]);
    let newest = names("?sort=mtime");
    let mut oldest = names("?sort=mtime&sort_order=reverse");
    assert_eq!(newest.len(), 6);
    oldest.sort();
    assert_eq!(oldest, names(""), "none is lost");
    for wrong in ["0", "1025", "-1", "x", ""] {
        let answer = site.get(&format!("/alice/stor/t?limit={wrong}"));
        answer.fails(400, "InvalidArgumentError");
    }
}

#[test]
fn lines_say_what_an_entry_is() {
    let site = filled();
    let ask = Ask::new("PUT", "/alice/stor/t/b")
        .with("content-type", "text/plain")
        .with("content-disposition", "inline; filename=q")
        .with("durability-level", "4")
        .body(b"hello\n");
    let put = site.ask(ask);
    let listing = site.get("/alice/stor/t?marker=a&limit=2");
    let lines: Vec<serde_json::Value> = listing
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let keys = |n: usize| -> Vec<&str> {
        let object = lines[n].as_object().expect("an object");
        object.keys().map(String::as_str).collect()
    };
    assert_eq!(keys(0), ["name", "type", "mtime"]);
    assert_eq!(lines[0]["type"], "directory");
    let mtime = lines[1]["mtime"].as_str().expect("time");
    assert_eq!(mtime.len(), "2026-11-23T04:07:15.120Z".len(), "{mtime}");
    assert_eq!(
        lines[1],
        serde_json::json!({
            "name": "b",
            "etag": put.header("etag"),
            "size": 6,
            "type": "object",
            "contentType": "text/plain",
            "contentMD5": "sZRqySSS0jR8YjW00mERhA==",
            "contentDisposition": "inline; filename=\"q\"",
            "mtime": mtime,
            "durability": 4,
        })
    );
    assert!(listing.text().ends_with("}\n"));
}

#[test]
fn names_are_any_text() {
    let site = Site::new();
    let name = "a b\r\"\\#?+%&日本";
    let path = format!("/alice/stor/{}", encoded(name));
    site.put(&path, b"odd");
    assert_eq!(site.get(&path).body, b"odd");
    assert_eq!(site.get("/alice/stor").names(), [name]);
    let marker = format!("/alice/stor?marker={}", encoded(name));
    assert_eq!(site.get(&marker).names(), [name]);
    assert_eq!(site.delete(&path).status, 204);
    site.put("/alice/stor/x+y", b"plus");
    assert_eq!(site.get("/alice/stor/x%2By").body, b"plus");
}

#[test]
fn roots_are_always_there() {
    let site = Site::new();
    let account = site.get("/alice");
    assert_eq!(
        account.names(),
        ["jobs", "public", "reports", "stor", "uploads"]
    );
    assert_eq!(account.header("result-set-size"), "5");
    // Here the marker is exclusive.
    let rest = site.get("/alice?marker=public");
    assert_eq!(rest.names(), ["reports", "stor", "uploads"]);
    for area in ["jobs", "public", "reports", "stor", "uploads"] {
        let path = format!("/alice/{area}");
        let answer = site.get(&path);
        assert_eq!((answer.status, answer.text()), (200, ""));
        site.delete(&path).fails(
            if area == "uploads" { 405 } else { 400 },
            if area == "uploads" {
                "MethodNotAllowedError"
            } else {
                "OperationNotAllowedOnRootDirectory"
            },
        );
    }
    site.mkdir("/alice/stor");
    site.mkdir("/alice/public");
    for method in ["PUT", "POST", "DELETE"] {
        let ask = Ask::new(method, "/alice")
            .with("content-type", DIRECTORY)
            .with("content-length", "0");
        site.ask(ask).fails(400, "OperationNotAllowedOnRootDirectory");
    }
}

#[test]
fn a_directory_keeps_its_own_headers_and_time() {
    let site = Site::new();
    let put = |headers: &[(&'static str, &str)]| {
        let mut ask = Ask::new("PUT", "/alice/stor/d")
            .with("content-type", "application/json;type=directory")
            .with("content-length", "0");
        for (name, value) in headers {
            ask = ask.with(name, *value);
        }
        let answer = site.ask(ask);
        assert_eq!(answer.status, 204);
        assert!(!answer.has("etag"));
    };
    put(&[("m-a", "1"), ("content-disposition", "attachment;\"")]);
    let first = site.head("/alice/stor/d");
    assert_eq!(first.header("m-a"), "1");
    site.put("/alice/stor/d/x", b"");
    assert_eq!(site.get("/alice/stor/d").header("m-a"), "1");
    put(&[]);
    assert!(!site.head("/alice/stor/d").has("m-a"));
    // As node of old does it: a body of no chunks.
    let mut client = site.client();
    let ask = Ask::new("PUT", "/alice/stor/d")
        .with("content-type", DIRECTORY)
        .with("transfer-encoding", "chunked");
    client.send(&ask.bytes());
    client.send(b"0\r\n\r\n");
    assert_eq!(client.answer(false).status, 204);
    let alive = client.ask(Ask::new("HEAD", "/alice/stor/d"));
    assert_eq!(alive.status, 200);
    site.delete("/alice/stor/d").fails(400, "DirectoryNotEmpty");
    assert_eq!(site.delete("/alice/stor/d/x").status, 204);
    assert_eq!(site.delete("/alice/stor/d").status, 204);
    assert_eq!(site.head("/alice/stor/d").status, 404);
}

#[test]
fn a_directory_takes_the_place_of_an_object() {
    let site = Site::new();
    site.put("/alice/stor/x", b"x");
    site.mkdir("/alice/stor/x");
    assert!(site.get("/alice/stor/x").header("content-type").contains("json"));
}
