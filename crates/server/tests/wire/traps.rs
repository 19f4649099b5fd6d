//! The traps of the protocol: details on which clients rely. One test each,
//! by their numbers; those of jobs and sessions say what holds while there
//! are none.

use crate::support::{Ask, Client, DIRECTORY, LINK, Site, md5};

/// Trap 1: `Server: Manta` on everything.
#[test]
fn trap_01_server_is_manta_everywhere() {
    let site = Site::new();
    site.mkdir("/alice/stor/d");
    let etag = site.put("/alice/stor/x", b"x").header("etag").to_owned();
    let body = br#"{"objectPath":"/alice/stor/up"}"#;
    let made = site.ask(Ask::new("POST", "/alice/uploads").body(body));
    let id = made.json()["id"].as_str().expect("id").to_owned();
    let moved = format!("/alice/uploads/{id}");
    let asks = [
        (200, Ask::new("GET", "/ping")),
        (302, Ask::new("GET", "/")),
        (200, Ask::new("GET", "/alice")),
        (200, Ask::new("HEAD", "/alice/stor")),
        (204, Ask::new("PUT", "/alice/stor/y").body(b"y")),
        (206, Ask::new("GET", "/alice/stor/x").with("range", "bytes=0-0")),
        (301, Ask::new("HEAD", &moved)),
        (304, Ask::new("GET", "/alice/stor/x").with("if-none-match", etag)),
        (404, Ask::new("GET", "/alice/stor/none")),
        (404, Ask::new("HEAD", "/alice/stor/none")),
        (404, Ask::new("GET", "/alice/nowhere")),
        (405, Ask::new("PATCH", "/alice/stor/x")),
        (405, Ask::new("BREW", "/alice/stor/x")),
        (400, Ask::new("GET", "/alice/medusa/attach/1/master")),
        (400, Ask::new("GET", "/alice/stor/%zz")),
    ];
    for (status, ask) in asks {
        let shown = format!("{ask:?}");
        let answer = site.ask(ask);
        assert_eq!(answer.status, status, "{shown}");
        assert_eq!(answer.header("server"), "Manta", "{shown}");
        for name in ["date", "x-request-id", "x-response-time", "x-server-name"]
        {
            assert!(!answer.header(name).is_empty(), "{shown}: {name}");
        }
    }
    let mut client = site.client();
    client.send(b"NONSENSE\r\n\r\n");
    let answer = client.answer(false);
    answer.fails(400, "BadRequestError");
    assert!(client.is_closed());
}

/// Trap 2: Listings: exact type, inclusive marker, size on HEAD, never 304.
#[test]
fn trap_02_listings_are_exact() {
    let site = Site::new();
    for name in ["a", "b", "c"] {
        site.put(&format!("/alice/stor/{name}"), b"");
    }
    let all = site.get("/alice/stor");
    assert_eq!(
        all.header("content-type"),
        "application/x-json-stream; type=directory"
    );
    assert_eq!(all.header("result-set-size"), "3");
    let page = site.get("/alice/stor?marker=b&limit=1000");
    assert_eq!(page.names(), ["b", "c"]);
    assert_eq!(page.header("result-set-size"), "3");
    let head = site.head("/alice/stor");
    assert_eq!(head.header("result-set-size"), "3");
    assert_eq!(
        head.header("content-type"),
        "application/x-json-stream; type=directory"
    );
    assert!(!head.has("content-length"));
    let since = head.header("last-modified").to_owned();
    for method in ["GET", "HEAD"] {
        let ask = Ask::new(method, "/alice/stor")
            .with("if-modified-since", since.clone())
            .with("if-none-match", "*");
        assert_eq!(site.ask(ask).status, 200);
    }
}

/// Trap 3: `100 Continue` only for what is going to be accepted.
#[test]
fn trap_03_continue_comes_after_all_checks() {
    let site = Site::new();
    site.put("/alice/stor/old", b"old");
    site.mkdir("/alice/stor/d");
    let refused = [
        ("/alice/stor/no/x", 404, vec![]),
        ("/alice/stor/d", 400, vec![]),
        ("/alice/stor", 400, vec![]),
        ("/alice/stor/x", 400, vec![("content-md5", "zzz")]),
        ("/alice/stor/x", 400, vec![("durability-level", "99")]),
        ("/alice/stor/x", 400, vec![("max-content-length", "-1")]),
        ("/alice/stor/x", 400, vec![("content-disposition", "a;\"")]),
        ("/alice/stor/old", 412, vec![("if-none-match", "*")]),
        ("/alice/stor/x", 412, vec![("if-match", "abc")]),
    ];
    for (path, status, headers) in refused {
        let mut ask = Ask::new("PUT", path)
            .with("expect", "100-continue")
            .with("transfer-encoding", "chunked");
        for (name, value) in headers {
            ask = ask.with(name, value);
        }
        let mut client = site.client();
        client.send(&ask.bytes());
        let first = client.next_answer(false).expect("an answer");
        assert_eq!(first.status, status, "{ask:?}: no 100 before");
        assert!(client.is_closed(), "{ask:?}: the body is not awaited");
    }
    let mut client = site.client();
    let ask = Ask::new("PUT", "/alice/stor/x")
        .with("expect", "100-continue")
        .with("content-length", "5");
    client.send(&ask.bytes());
    let first = client.next_answer(false).expect("an answer");
    assert_eq!(first.status, 100);
    client.send(b"hello");
    assert_eq!(client.answer(false).status, 204);
    // And the connection goes on.
    let answer = client.ask(Ask::new("GET", "/alice/stor/x"));
    assert_eq!(answer.body, b"hello");
    // Other expectations are ignored.
    let ask = Ask::new("PUT", "/alice/stor/x")
        .with("expect", "application/json")
        .body(b"again");
    assert_eq!(client.ask(ask).status, 204);
}

/// Trap 4: Codes exact, HEAD statuses exact, digests of JSON right.
#[test]
fn trap_04_errors_are_exact() {
    let site = Site::new();
    site.put("/alice/stor/x", b"x");
    site.mkdir("/alice/stor/d");
    site.put("/alice/stor/d/y", b"y");
    let get = |path| Ask::new("GET", path);
    let put = |path| Ask::new("PUT", path).body(b"body");
    let link = |path, to: &str| {
        Ask::new("PUT", path)
            .with("content-type", LINK)
            .with("content-length", "0")
            .with("location", to)
    };
    let dir = |path| {
        Ask::new("PUT", path)
            .with("content-type", DIRECTORY)
            .with("content-length", "0")
    };
    let cases = [
        (404, "ResourceNotFound", get("/alice/stor/none")),
        (404, "ResourceNotFound", get("/alice/elsewhere/x")),
        (403, "AccountDoesNotExist", get("/nobody/stor/x")),
        (404, "DirectoryDoesNotExist", put("/alice/stor/no/x")),
        (404, "DirectoryDoesNotExist", dir("/alice/stor/no/x")),
        (400, "ParentNotDirectory", put("/alice/stor/x/y")),
        (400, "ParentNotDirectory", dir("/alice/stor/x/y")),
        (400, "OperationNotAllowedOnDirectory", put("/alice/stor/d")),
        (400, "OperationNotAllowedOnRootDirectory", put("/alice/stor")),
        (400, "OperationNotAllowedOnRootDirectory", put("/alice")),
        (400, "OperationNotAllowedOnRootDirectory", dir("/alice")),
        (
            400,
            "OperationNotAllowedOnRootDirectory",
            Ask::new("DELETE", "/alice/stor"),
        ),
        (400, "DirectoryNotEmpty", Ask::new("DELETE", "/alice/stor/d")),
        (404, "ResourceNotFound", Ask::new("DELETE", "/alice/stor/none")),
        (411, "ContentLengthRequired", Ask::new("PUT", "/alice/stor/z")),
        (405, "MethodNotAllowedError", Ask::new("POST", "/alice/stor/x")),
        (400, "InvalidArgumentError", get("/alice/stor?limit=1025")),
        (400, "InvalidParameter", get("/alice/stor?sort=size")),
        (
            400,
            "InvalidParameter",
            get("/alice/stor?sort=mtime&marker=yesterday"),
        ),
        (404, "SourceObjectNotFound", link("/alice/stor/l", "/alice/stor/n")),
        (400, "LinkNotObject", link("/alice/stor/l", "/alice/stor/d")),
        (400, "InvalidLink", link("/alice/stor/l", "nonsense")),
        (
            400,
            "LocationRequired",
            Ask::new("PUT", "/alice/stor/l")
                .with("content-type", LINK)
                .with("content-length", "0"),
        ),
        (
            400,
            "ContentMD5Mismatch",
            put("/alice/stor/z").with("content-md5", md5(b"other")),
        ),
        (
            400,
            "BadRequestError",
            put("/alice/stor/z").with("content-md5", "dGVzdA=="),
        ),
        (
            400,
            "InvalidDurabilityLevel",
            put("/alice/stor/z").with("x-durability-level", "0"),
        ),
        (
            413,
            "MaxContentLengthExceeded",
            put("/alice/stor/z").with("max-content-length", "3"),
        ),
        (
            412,
            "PreconditionFailedError",
            get("/alice/stor/x").with("if-match", "other"),
        ),
        (
            406,
            "NotAcceptable",
            get("/alice/stor/x").with("accept", "image/png"),
        ),
        (
            416,
            "RequestedRangeNotSatisfiable",
            get("/alice/stor/x").with("range", "bytes=1-"),
        ),
        (
            501,
            "NotImplemented",
            get("/alice/stor/x").with("range", "bytes=0-0,0-0"),
        ),
        (400, "ExpectedUpgrade", get("/alice/medusa/attach/1/master")),
    ];
    for (status, code, ask) in cases {
        let answer = site.ask(ask);
        answer.fails(status, code);
        assert_eq!(
            answer.header("content-length"),
            answer.body.len().to_string()
        );
    }
    for (path, status) in [
        ("/alice/stor/none", 404),
        ("/nobody/stor/x", 403),
        ("/alice/stor/%zz", 400),
        ("/alice/stor", 200),
    ] {
        let answer = site.head(path);
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.body.is_empty());
    }
    let ask = get("/alice/stor/x").with("range", "bytes=5-");
    assert_eq!(site.ask(ask).header("content-range"), "bytes */1");
}

/// Trap 5: Etags: a fresh UUID a write, unquoted; a link has its source's, and
/// metadata does not change it.
#[test]
fn trap_05_etags_are_versions() {
    let site = Site::new();
    let first = site.put("/alice/stor/x", b"x").header("etag").to_owned();
    assert_eq!(first.len(), 36);
    assert_eq!(first.matches('-').count(), 4);
    let second = site.put("/alice/stor/x", b"x").header("etag").to_owned();
    assert_ne!(first, second);
    let link = Ask::new("PUT", "/alice/stor/l")
        .with("content-type", LINK)
        .with("content-length", "0")
        .with("location", "/alice/stor/x");
    assert_eq!(site.ask(link).header("etag"), second);
    assert_eq!(site.head("/alice/stor/l").header("etag"), second);
    let update = Ask::new("PUT", "/alice/stor/x?metadata=true")
        .with("m-a", "b")
        .with("content-length", "0");
    let answer = site.ask(update);
    assert_eq!((answer.status, answer.header("etag")), (204, &*second));
    let head = site.head("/alice/stor/x");
    assert_eq!(head.header("etag"), second);
    assert_eq!(head.header("m-a"), "b");
}

/// Trap 8: A range's end past the object is clamped; no digest on 206.
#[test]
fn trap_08_ranges_are_clamped() {
    let site = Site::new();
    let etag = site.put("/alice/stor/x", b"hello\n").header("etag").to_owned();
    let ask = Ask::new("GET", "/alice/stor/x")
        .with("range", "bytes=4-6")
        .with("if-match", etag);
    let answer = site.ask(ask);
    assert_eq!(answer.status, 206);
    assert_eq!(answer.body, b"o\n");
    assert_eq!(answer.header("content-range"), "bytes 4-5/6");
    assert_eq!(answer.header("content-length"), "2");
    assert!(!answer.has("content-md5") && !answer.has("accept-ranges"));
    let ask = Ask::new("HEAD", "/alice/stor/x").with("range", "bytes=1-2");
    let head = site.ask(ask);
    assert_eq!((head.status, head.header("content-length")), (200, "6"));
}

/// Trap 9: The state of an upload and the way to it outlive its end.
#[test]
fn trap_09_ended_uploads_can_be_asked_about() {
    let site = Site::new();
    for end in ["commit", "abort"] {
        let made = site.ask(
            Ask::new("POST", "/alice/uploads")
                .body(br#"{"objectPath":"/alice/stor/up"}"#),
        );
        assert_eq!(made.status, 201, "{made:?}");
        let made = made.json();
        let id = made["id"].as_str().expect("id");
        let parts = made["partsDirectory"].as_str().expect("directory");
        let part = site.put(&format!("{parts}/0"), b"part");
        let body = format!("{{\"parts\":[\"{}\"]}}", part.header("etag"));
        let path = format!("{parts}/{end}");
        let ask = Ask::new("POST", &path).body(body.as_bytes());
        let status = site.ask(ask).status;
        assert_eq!(status, if end == "commit" { 201 } else { 204 });
        let moved = site.head(&format!("/alice/uploads/{id}"));
        assert_eq!((moved.status, moved.header("location")), (301, parts));
        let state = site.get(&format!("{parts}/state"));
        assert_eq!(state.status, 200);
        let state = state.json();
        assert_eq!(state["state"], "done");
        let result = if end == "commit" { "committed" } else { "aborted" };
        assert_eq!(state["result"], result);
        assert!(state.get("partsDirectory").is_none());
    }
}

/// Trap 10: to 12. and 15., jobs: their routes are there, and there are no jobs.
#[test]
fn trap_10_11_12_15_no_jobs_can_be_made_or_found() {
    let site = Site::new();
    let job = "/alice/jobs/3f0b3c0e-0000-4000-8000-000000000000";
    for (method, path) in [
        ("POST", "/alice/jobs".to_owned()),
        ("GET", format!("{job}/live/status")),
        ("POST", format!("{job}/live/in")),
        ("POST", format!("{job}/live/in/end")),
        ("POST", format!("{job}/live/cancel")),
        ("GET", format!("{job}/live/out")),
        ("GET", format!("{job}/live/err")),
        ("GET", format!("{job}/live/fail")),
    ] {
        let answer = site.ask(Ask::new(method, &path).body(b""));
        answer.fails(404, "ResourceNotFound");
    }
    assert_eq!(site.get("/alice/jobs").names(), [""; 0]);
    let live = site.get("/alice/jobs?state=running");
    assert_eq!(
        live.header("content-type"),
        "application/x-json-stream; type=job"
    );
    assert_eq!(live.body, b"");
    let wrong = site.get("/alice/jobs?state=dead");
    wrong.fails(400, "InvalidParameter");
    assert_eq!(site.get("/alice/jobs?unknown=dead").status, 200);
}

/// Trap 13: An upgrade needs no version header to be looked at.
#[test]
fn trap_13_sessions_are_looked_for() {
    let site = Site::new();
    let ask = |path| {
        Ask::new("GET", path)
            .with("connection", "upgrade")
            .with("upgrade", "websocket")
            .with("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    };
    let answer = site.ask(ask("/alice/medusa/attach/1/slave"));
    answer.fails(404, "ResourceNotFound");
    let answer = site.ask(ask("/alice/medusa/attach/1/other"));
    answer.fails(400, "InvalidParameter");
}

/// Trap 14: Objects of no bytes, whether or not a 100 is waited for.
#[test]
fn trap_14_empty_objects() {
    let site = Site::new();
    site.put("/alice/stor/a", b"");
    let mut client = site.client();
    let ask = Ask::new("PUT", "/alice/stor/b")
        .with("expect", "100-continue")
        .with("content-length", "0");
    assert_eq!(client.ask(ask).status, 204);
    let ask =
        Ask::new("PUT", "/alice/stor/c").with("transfer-encoding", "chunked");
    client.send(&ask.bytes());
    client.send(b"0\r\n\r\n");
    assert_eq!(client.answer(false).status, 204);
    for name in ["a", "b", "c"] {
        let answer = site.get(&format!("/alice/stor/{name}"));
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-length"), "0");
        assert_eq!(answer.header("content-md5"), "1B2M2Y8AsgTpgAmY7PhCfg==");
    }
    let mut on = Client::connect(site.address());
    let ask = Ask::new("GET", "/alice/stor/a").with("range", "bytes=0-");
    on.ask(ask).fails(416, "RequestedRangeNotSatisfiable");
}
