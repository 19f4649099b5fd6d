//! Objects, links and metadata.

use crate::support::{Answer, Ask, DIRECTORY, LINK, Site, md5};

fn noise(length: usize) -> Vec<u8> {
    let mut state = 7u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn an_object_comes_back_as_it_was_put() {
    let site = Site::new();
    for length in [0, 1, 16 * 1024, 16 * 1024 + 1, 300_000, 3_000_000] {
        let body = noise(length);
        let ask = Ask::new("PUT", "/alice/stor/x")
            .with("content-type", "text/x-thing; a=b")
            .with("content-md5", md5(&body))
            .with("durability-level", "3")
            .with("m-name", "value, with comma")
            .with("cache-control", "max-age=1")
            .with("content-disposition", "attachment; filename=\"/a/b.txt\"")
            .body(&body);
        let put = site.ask(ask);
        assert_eq!(put.status, 204, "{put:?}");
        assert_eq!(put.header("computed-md5"), md5(&body));
        let got = site.get("/alice/stor/x");
        assert!(got.body == body, "{length}");
        for (name, value) in [
            ("etag", put.header("etag")),
            ("last-modified", put.header("last-modified")),
            ("content-type", "text/x-thing; a=b"),
            ("content-md5", &md5(&body)),
            ("content-length", &length.to_string()),
            ("durability-level", "3"),
            ("accept-ranges", "bytes"),
            ("m-name", "value, with comma"),
            ("cache-control", "max-age=1"),
            ("content-disposition", "attachment; filename=\"b.txt\""),
        ] {
            assert_eq!(got.header(name), value, "{name}");
        }
        let head = site.head("/alice/stor/x");
        let without = |answer: &Answer| {
            let mut headers = answer.headers.clone();
            for name in ["x-request-id", "x-response-time", "date"] {
                headers.remove(name);
            }
            headers
        };
        assert_eq!(without(&head), without(&got));
    }
}

#[test]
fn ranges_of_large_objects_are_right() {
    let site = Site::new();
    let body = noise(2_000_000);
    site.put("/alice/stor/x", &body);
    for (range, expected) in [
        ("bytes=0-999999", 0..1_000_000),
        ("bytes=1000001-", 1_000_001..2_000_000),
        ("bytes=-700000", 1_300_000..2_000_000),
        ("bytes=262143-524289", 262_143..524_290),
    ] {
        let ask = Ask::new("GET", "/alice/stor/x").with("range", range);
        let answer = site.ask(ask);
        assert_eq!(answer.status, 206);
        assert!(answer.body == body[expected], "{range}");
    }
}

#[test]
fn conditions_hold_or_the_answer_says_so() {
    let site = Site::new();
    let put = site.put("/alice/stor/x", b"x");
    let etag = put.header("etag");
    let time = put.header("last-modified");
    let old = "Thu, 01 Jan 2015 00:00:00 GMT";
    let quoted = format!("W/\"{etag}\", \"other\"");
    let cases = [
        ("if-match", etag, 200),
        ("if-match", &quoted, 200),
        ("if-match", "*", 200),
        ("if-match", "other", 412),
        ("if-none-match", etag, 304),
        ("if-none-match", &quoted, 304),
        ("if-none-match", "*", 304),
        ("if-none-match", "other", 200),
        ("if-modified-since", time, 304),
        ("if-modified-since", old, 200),
        ("if-modified-since", "not a date", 200),
        ("if-unmodified-since", time, 200),
        ("if-unmodified-since", old, 412),
    ];
    for (name, value, status) in cases {
        for method in ["GET", "HEAD"] {
            let ask = Ask::new(method, "/alice/stor/x").with(name, value);
            let answer = site.ask(ask);
            assert_eq!(answer.status, status, "{name}: {value}");
            if status == 304 {
                assert_eq!(answer.header("etag"), etag);
                assert_eq!(answer.header("last-modified"), time);
                assert!(!answer.has("content-length"));
            }
        }
    }
    let both = Ask::new("GET", "/alice/stor/x")
        .with("if-none-match", "other")
        .with("if-modified-since", time);
    assert_eq!(site.ask(both).status, 200, "the etag decides");
    let both = Ask::new("GET", "/alice/stor/x")
        .with("if-match", etag)
        .with("if-unmodified-since", old);
    assert_eq!(site.ask(both).status, 200, "the etag decides");
    for (name, value) in [
        ("if-match", "other"),
        ("if-none-match", etag),
        ("if-unmodified-since", old),
    ] {
        let ask = Ask::new("PUT", "/alice/stor/x").with(name, value).body(b"y");
        site.ask(ask).fails(412, "PreconditionFailedError");
        let ask = Ask::new("DELETE", "/alice/stor/x").with(name, value);
        site.ask(ask).fails(412, "PreconditionFailedError");
    }
    assert_eq!(site.get("/alice/stor/x").body, b"x");
    let ask = Ask::new("DELETE", "/alice/stor/x").with("if-match", etag);
    assert_eq!(site.ask(ask).status, 204);
    let ask =
        Ask::new("PUT", "/alice/stor/x").with("if-none-match", "*").body(b"");
    assert_eq!(site.ask(ask.clone()).status, 204);
    assert_eq!(site.ask(ask).status, 412);
}

#[test]
fn of_many_creators_one_wins() {
    let site = Site::new();
    let won: usize = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..16)
            .map(|n| {
                let site = &site;
                scope.spawn(move || {
                    let body = format!("{n}");
                    let ask = Ask::new("PUT", "/alice/stor/one")
                        .with("if-none-match", "*")
                        .body(body.as_bytes());
                    let status = site.ask(ask).status;
                    assert!(matches!(status, 204 | 409 | 412), "{status}");
                    usize::from(status == 204)
                })
            })
            .collect();
        racers.into_iter().map(|r| r.join().expect("racer")).sum()
    });
    assert_eq!(won, 1);
}

#[test]
fn chunked_bodies_have_a_limit() {
    let site = Site::with(|settings| settings.max_chunked_bytes = 1000);
    let put = |headers: &[(&'static str, &str)], length: usize| {
        let mut ask = Ask::new("PUT", "/alice/stor/x")
            .with("transfer-encoding", "chunked");
        for (name, value) in headers {
            ask = ask.with(name, *value);
        }
        let mut client = site.client();
        client.send(&ask.bytes());
        let body = vec![b'x'; length];
        for chunk in body.chunks(300) {
            client.send(format!("{:x}\r\n", chunk.len()).as_bytes());
            client.send(chunk);
            client.send(b"\r\n");
        }
        client.send(b"0\r\n\r\n");
        client.answer(false)
    };
    assert_eq!(put(&[], 1000).status, 204);
    put(&[], 1001).fails(413, "MaxContentLengthExceeded");
    assert_eq!(put(&[("max-content-length", "2000")], 2000).status, 204);
    let answer = put(&[("max-content-length", "10")], 11);
    answer.fails(413, "MaxContentLengthExceeded");
    assert_eq!(site.head("/alice/stor/x").header("content-length"), "2000");
}

#[test]
fn metadata_is_replaced_as_a_whole() {
    let site = Site::new();
    let ask = Ask::new("PUT", "/alice/stor/x")
        .with("content-type", "text/plain")
        .with("m-a", "1")
        .with("m-b", "2")
        .body(b"body");
    let put = site.ask(ask);
    let mut client = site.client();
    // As node does it: chunks, of which there are none.
    let ask = Ask::new("PUT", "/alice/stor/x?metadata=true")
        .with("m-b", "3")
        .with("access-control-allow-origin", "*")
        .with("transfer-encoding", "chunked");
    client.send(&ask.bytes());
    client.send(b"0\r\n\r\n");
    let answer = client.answer(false);
    assert_eq!(answer.status, 204, "{answer:?}");
    let head = client.ask(Ask::new("HEAD", "/alice/stor/x"));
    assert!(!head.has("m-a"));
    for (name, value) in [
        ("m-b", "3"),
        ("content-type", "text/plain"),
        ("access-control-allow-origin", "*"),
        ("etag", put.header("etag")),
        ("content-md5", &md5(b"body")),
    ] {
        assert_eq!(head.header(name), value, "{name}");
    }
    for (name, value) in [
        ("content-length", "5"),
        ("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg=="),
        ("durability-level", "2"),
    ] {
        let ask =
            Ask::new("PUT", "/alice/stor/x?metadata=true").with(name, value);
        // A body is announced and never comes.
        let answer = site.ask(ask);
        answer.fails(400, "InvalidUpdate");
        let text = answer.json()["message"].to_string();
        assert!(text.contains(name), "{text}");
    }
    let ask = |path| Ask::new("PUT", path).with("content-length", "0");
    let answer = site.ask(ask("/alice/stor/none?metadata=true"));
    answer.fails(404, "ResourceNotFound");
    site.mkdir("/alice/stor/d");
    let answer = site.ask(ask("/alice/stor/d?metadata=true").with("m-a", "x"));
    assert_eq!(answer.status, 204);
    assert_eq!(site.head("/alice/stor/d").header("m-a"), "x");
}

#[test]
fn user_metadata_past_its_limit_is_dropped() {
    let site = Site::new();
    let long = "v".repeat(4000);
    let ask = Ask::new("PUT", "/alice/stor/x")
        .with("m-long", long.clone())
        .with("m-too-much", "w".repeat(200))
        .with("m-fits", "x")
        .body(b"");
    assert_eq!(site.ask(ask).status, 204);
    let head = site.head("/alice/stor/x");
    assert_eq!(head.header("m-long"), long);
    assert_eq!(head.header("m-fits"), "x");
    assert!(!head.has("m-too-much"));
}

#[test]
fn links_are_names_of_a_version() {
    let site = Site::new();
    let put = site.put("/alice/stor/a%20b", b"first");
    let link = |to: &str, headers: &[(&'static str, &str)]| {
        let mut ask = Ask::new("PUT", "/alice/stor/l")
            .with("content-type", LINK)
            .with("content-length", "0")
            .with("location", to);
        for (name, value) in headers {
            ask = ask.with(name, *value);
        }
        site.ask(ask)
    };
    for to in ["/alice/stor/a%20b", "http://h:80/alice/stor/a%20b?x=y"] {
        let answer = link(to, &[("m-x", "y")]);
        assert_eq!(answer.status, 204, "{answer:?}");
        assert_eq!(answer.header("etag"), put.header("etag"));
        assert_eq!(answer.header("last-modified"), put.header("last-modified"));
    }
    link("/alice/stor/a%20b", &[("if-match", "other")])
        .fails(412, "PreconditionFailedError");
    site.put("/alice/stor/a%20b", b"second");
    assert_eq!(site.delete("/alice/stor/a%20b").status, 204);
    let answer = site.get("/alice/stor/l");
    assert_eq!(answer.body, b"first");
    assert_eq!(answer.header("m-x"), "y");
    site.mkdir("/alice/stor/d");
    let ask = Ask::new("PUT", "/alice/stor/d")
        .with("content-type", LINK)
        .with("content-length", "0")
        .with("location", "/alice/stor/l");
    site.ask(ask).fails(400, "OperationNotAllowedOnDirectory");
    let listed = site.get("/alice/stor?obj");
    assert!(listed.text().contains("\"type\":\"object\""));
    let site = Site::with(|s| s.snaplinks_disabled = vec!["alice".into()]);
    site.put("/alice/stor/x", b"");
    let ask = Ask::new("PUT", "/alice/stor/l")
        .with("content-type", LINK)
        .with("content-length", "0")
        .with("location", "/alice/stor/x");
    site.ask(ask).fails(403, "SnaplinksDisabledError");
}

#[test]
fn cross_origin_headers_depend_on_the_origin() {
    let site = Site::new();
    let ask = Ask::new("PUT", "/alice/stor/x")
        .with("access-control-allow-origin", "http://a, http://b")
        .with("access-control-allow-methods", "GET, PUT")
        .with("access-control-allow-headers", "x-one, x-two")
        .with("access-control-expose-headers", "x-three")
        .with("access-control-max-age", "60")
        .with("origin", "http://z")
        .body(b"x");
    let put = site.ask(ask);
    assert_eq!(put.header("access-control-allow-origin"), "http://z");
    let all: Vec<&str> = [
        "access-control-allow-origin",
        "access-control-allow-methods",
        "access-control-allow-headers",
        "access-control-expose-headers",
        "access-control-max-age",
    ]
    .to_vec();
    let plain = site.get("/alice/stor/x");
    assert!(all.iter().all(|name| plain.has(name)));
    let from = |method, origin: &str| {
        site.ask(Ask::new(method, "/alice/stor/x").with("origin", origin))
    };
    let answer = from("GET", "http://b");
    assert_eq!(answer.header("access-control-allow-origin"), "http://b");
    assert_eq!(answer.header("access-control-expose-headers"), "x-three");
    assert!(!answer.has("access-control-max-age"));
    assert!(!answer.has("access-control-allow-headers"));
    for answer in [from("GET", "http://c"), from("HEAD", "http://b")] {
        assert_eq!(answer.status, 200);
        assert!(all.iter().all(|name| !answer.has(name)), "{answer:?}");
    }
    let preflight = |path, method: &str, headers: &str, origin: &str| {
        site.ask(
            Ask::new("OPTIONS", path)
                .with("origin", origin)
                .with("access-control-request-method", method)
                .with("access-control-request-headers", headers),
        )
    };
    let answer = preflight("/alice/stor/x", "GET", "X-Two", "http://a");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), "http://a");
    assert_eq!(answer.header("access-control-allow-methods"), "GET, PUT");
    assert_eq!(answer.header("access-control-max-age"), "60");
    for answer in [
        preflight("/alice/stor/x", "GET", "x-other", "http://a"),
        preflight("/alice/stor/x", "DELETE", "", "http://a"),
        preflight("/alice/stor/x", "GET", "", "http://c"),
        // A PUT is the parent's to allow.
        preflight("/alice/stor/x", "PUT", "", "http://a"),
        preflight("/alice/stor/none", "GET", "", "http://a"),
    ] {
        assert_eq!(answer.status, 200);
        assert!(!answer.has("access-control-allow-origin"));
    }
    let ask = Ask::new("PUT", "/alice/stor/d")
        .with("content-type", DIRECTORY)
        .with("access-control-allow-origin", "*")
        .with("access-control-allow-methods", "PUT")
        .with("content-length", "0");
    assert_eq!(site.ask(ask).status, 204);
    let answer = preflight("/alice/stor/d/new", "PUT", "", "http://q");
    assert_eq!(answer.header("access-control-allow-origin"), "http://q");
}

#[test]
fn public_objects_may_be_read_across_origins() {
    let site = Site::new();
    site.put("/alice/public/x", b"");
    let head = site.head("/alice/public/x");
    assert_eq!(head.header("access-control-allow-origin"), "*");
    let ask = Ask::new("PUT", "/alice/public/y")
        .with("access-control-allow-origin", "http://a")
        .body(b"");
    site.ask(ask);
    let head = site.head("/alice/public/y");
    assert_eq!(head.header("access-control-allow-origin"), "http://a");
    site.put("/alice/stor/x", b"");
    assert!(!site.head("/alice/stor/x").has("access-control-allow-origin"));
}
