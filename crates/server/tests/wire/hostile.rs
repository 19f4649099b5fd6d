//! Requests that mean no good, byte by byte: each has the answer that the
//! protocol orders, changes nothing, and leaves the connection either ready
//! for the next request or closed.

use crate::support::{Ask, Client, Site, md5};
use std::time::{Duration, Instant};

/// Sends bytes; expects an error with status and code.
#[track_caller]
fn refused(site: &Site, bytes: &[u8], status: u16, code: &str) -> Client {
    let mut client = site.client();
    client.send(bytes);
    let answer = client.answer(false);
    answer.fails(status, code);
    if answer.header("connection") == "close" {
        assert!(client.is_closed(), "said close");
        return client;
    }
    let alive = client.ask(Ask::new("GET", "/alice/stor/kept"));
    assert_eq!(alive.body, b"kept", "said keep-alive");
    client
}

fn site() -> Site {
    let site = Site::new();
    site.put("/alice/stor/kept", b"kept");
    site
}

/// Nothing but what was there is there.
#[track_caller]
fn untouched(site: &Site) {
    assert_eq!(site.get("/alice/stor").names(), ["kept"]);
    assert_eq!(site.get("/alice/stor/kept").body, b"kept");
    assert_eq!(site.get("/bob/stor").names(), [""; 0]);
}

#[test]
fn paths_that_lead_elsewhere() {
    let site = site();
    for path in [
        "/alice/stor/%00",
        "/alice/stor/a%00b",
        "/alice/stor/..",
        "/alice/stor/../../bob/stor/x",
        "/alice/stor/./x",
        "/alice/stor/%2e%2e/%2e%2e/bob/stor/x",
        "/alice/stor/%2E%2E%2F%2E%2E%2Fbob/stor/x",
        "/alice/stor/a%2fb",
        "/alice/stor/%2F%2Fbob",
        "/alice%2fstor/x",
        "/%2e%2e/alice/stor/x",
        "/alice/stor/%ff%fe",
        "/alice/stor/%c0%ae%c0%ae/x",
        "/alice/stor/%ed%a0%80",
        "/alice/stor/%",
        "/alice/stor/%4",
        "/alice/stor/%zz",
        "/alice/stor/%u0041",
    ] {
        for method in ["GET", "PUT", "DELETE", "POST"] {
            let ask = Ask::new(method, path).with("content-length", "0");
            refused(&site, &ask.bytes(), 400, "InvalidResource");
        }
        assert_eq!(site.head(path).status, 400, "{path}");
    }
    // Too long for a name, within what a head may have; and too long for that.
    let long = format!("/alice/stor/{}", "a".repeat(9000));
    let ask = Ask::new("PUT", &long).with("content-length", "0");
    refused(&site, &ask.bytes(), 400, "InvalidResource");
    let long = format!("/alice/stor/{}", "a".repeat(70_000));
    let ask = Ask::new("PUT", &long).with("content-length", "0");
    let mut client = site.client();
    client.send(&ask.bytes());
    let answer = client.answer(false);
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("server"), "Manta");
    assert!(client.is_closed());
    // Of another account, by what looks like ours.
    let ask = Ask::new("GET", "/alice//../bob/stor");
    refused(&site, &ask.bytes(), 400, "InvalidResource");
    untouched(&site);
}

#[test]
fn heads_that_are_no_heads() {
    let site = site();
    let long =
        format!("GET /alice HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(80_000));
    let many = format!(
        "GET /alice HTTP/1.1\r\nhost: t\r\n{}\r\n",
        "x: y\r\n".repeat(300)
    );
    let heads: [&[u8]; 14] = [
        b"\x00\x01\x02\r\n\r\n",
        b"GET /alice/stor/a\x00b HTTP/1.1\r\nhost: t\r\n\r\n",
        b"GET /alice/stor/a b HTTP/1.1\r\nhost: t\r\n\r\n",
        b"GET  /alice HTTP/1.1\r\nhost: t\r\n\r\n",
        b"GET /alice\r\n\r\n",
        b"GET /alice HTTP/9.9\r\nhost: t\r\n\r\n",
        b"GET /alice HTTP/1.1\r\nhost : t\r\n\r\n",
        b"GET /alice HTTP/1.1\r\n host: t\r\n\r\n",
        b"GET /alice HTTP/1.1\r\nhost: t\r\nno colon\r\n\r\n",
        b"GET /alice HTTP/1.1\r\nhost: t\r\nx: a\x00b\r\n\r\n",
        b"GET /alice HTTP/1.1\r\nhost: t\r\n\x7f: y\r\n\r\n",
        b"G\xc3\x89T /alice HTTP/1.1\r\nhost: t\r\n\r\n",
        long.as_bytes(),
        many.as_bytes(),
    ];
    for head in heads {
        let mut client = site.client();
        client.send(head);
        let answer = client.answer(false);
        let shown = String::from_utf8_lossy(&head[..head.len().min(60)]);
        assert_eq!(answer.status, 400, "{shown:?}");
        assert_eq!(answer.code(), "BadRequestError", "{shown:?}");
        assert_eq!(answer.header("server"), "Manta", "{shown:?}");
        assert_eq!(answer.header("connection"), "close", "{shown:?}");
        assert_eq!(answer.header("content-md5"), md5(&answer.body));
        assert!(client.is_closed(), "{shown:?}");
    }
    // No host, where one is due.
    let head = b"GET /alice HTTP/1.1\r\n\r\n";
    refused(&site, head, 400, "BadRequestError");
    untouched(&site);
}

#[test]
fn headers_that_contradict_each_other() {
    let site = site();
    for (name, one, two) in [
        ("content-md5", "sZRqySSS0jR8YjW00mERhA==", "1B2M2Y8AsgTpgAmY7PhCfg=="),
        ("content-type", "text/plain", "application/json; type=directory"),
        ("authorization", "Signature a", "Token b"),
        ("date", "Mon, 23 Nov 2026 04:07:14 GMT", "now"),
        ("durability-level", "1", "2"),
        ("location", "/alice/stor/kept", "/bob/stor/x"),
        ("host", "a", "b"),
        ("range", "bytes=0-1", "bytes=2-3"),
    ] {
        let ask = Ask::new("PUT", "/alice/stor/x")
            .with(name, one)
            .with(name, two)
            .with("content-length", "0");
        refused(&site, &ask.bytes(), 400, "BadRequestError");
    }
    let lengths = b"PUT /alice/stor/x HTTP/1.1\r\nhost: t\r\n\
        content-length: 3\r\ncontent-length: 4\r\n\r\nabcd";
    refused(&site, lengths, 400, "BadRequestError");
    for length in ["-1", "+3", "3,4", "0x3", "3 3", "", "99999999999999999999"]
    {
        let ask =
            Ask::new("PUT", "/alice/stor/x").with("content-length", length);
        let mut client = site.client();
        client.send(&ask.bytes());
        let answer = client.answer(false);
        assert_eq!(answer.status, 400, "{length:?}");
        assert_eq!(answer.header("server"), "Manta");
        assert!(client.is_closed());
    }
    untouched(&site);
}

/// A second request hidden in the body of a first must never be answered.
#[test]
fn smuggled_requests() {
    let site = site();
    let hidden = "DELETE /alice/stor/kept HTTP/1.1\r\nhost: t\r\n\r\n";
    let length = hidden.len() + 5;
    let both_ways = [
        format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n"),
        format!("transfer-encoding: chunked\r\ncontent-length: {length}\r\n"),
    ];
    for headers in both_ways {
        let mut client = site.client();
        let text = format!(
            "PUT /alice/stor/x HTTP/1.1\r\nhost: t\r\n{headers}\r\n\
             0\r\n\r\n{hidden}"
        );
        client.send(text.as_bytes());
        let answer = client.answer(false);
        assert!(matches!(answer.status, 204 | 400), "{answer:?}");
        assert!(client.is_closed(), "the rest is not a request");
        site.delete("/alice/stor/x");
        untouched(&site);
    }
    for coding in ["chunked, gzip", "xchunked", "chunked x", "identity", "gzip"]
    {
        let mut client = site.client();
        let text = format!(
            "PUT /alice/stor/x HTTP/1.1\r\nhost: t\r\n\
             transfer-encoding: {coding}\r\n\r\n0\r\n\r\n{hidden}"
        );
        client.send(text.as_bytes());
        let answer = client.answer(false);
        assert_eq!(answer.status, 400, "{coding}");
        assert!(client.is_closed(), "{coding}");
        untouched(&site);
    }
    // A refused body is not read as requests.
    let mut client = site.client();
    let text = format!(
        "PUT /alice/stor/no/x HTTP/1.1\r\nhost: t\r\n\
         content-length: {}\r\n\r\n{hidden}",
        hidden.len() + 100_000
    );
    client.send(text.as_bytes());
    client.answer(false).fails(404, "DirectoryDoesNotExist");
    assert!(client.is_closed());
    untouched(&site);
}

#[test]
fn chunks_that_lie() {
    let site = site();
    let bodies: [&[u8]; 8] = [
        b"5\r\nhel\r\n0\r\n\r\n",
        b"zz\r\nhello\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhelloXX0\r\n\r\n",
        b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        b"5;\x00\r\nhello\r\nq\r\n\r\n",
        b"5\nhello\r\n0\r\n\r\n",
        b"\r\nhello\r\n0\r\n\r\n",
    ];
    for body in bodies {
        let mut client = site.client();
        let ask = Ask::new("PUT", "/alice/stor/x")
            .with("transfer-encoding", "chunked");
        client.send(&ask.bytes());
        client.send(body);
        let answer = client.answer(false);
        let shown = String::from_utf8_lossy(body);
        answer.fails(400, "BadRequestError");
        assert!(client.is_closed(), "{shown:?}");
        untouched(&site);
    }
}

#[test]
fn bodies_shorter_and_longer_than_announced() {
    let site = site();
    // Short, by length and by chunks; the client leaves.
    for headers in ["content-length: 100", "transfer-encoding: chunked"] {
        let mut client = site.client();
        let text = format!(
            "PUT /alice/stor/kept HTTP/1.1\r\nhost: t\r\n{headers}\r\n\r\n\
             5\r\nhello\r\n"
        );
        client.send(text.as_bytes());
        client.finish();
        let answer = client.next_answer(false);
        assert!(answer.is_none_or(|a| a.status >= 400));
        untouched(&site);
    }
    // Longer: what is over is the next request, and none.
    let mut client = site.client();
    let ask = Ask::new("PUT", "/alice/stor/x").with("content-length", "5");
    client.send(&ask.bytes());
    client.send(b"helloand more\r\n\r\n");
    assert_eq!(client.answer(false).status, 204);
    let second = client.answer(false);
    second.fails(400, "BadRequestError");
    assert!(client.is_closed());
    assert_eq!(site.get("/alice/stor/x").body, b"hello");
    // A wrong digest.
    for length in [5usize, 100_000] {
        let body = vec![b'x'; length];
        let ask = Ask::new("PUT", "/alice/stor/kept")
            .with("content-md5", md5(b"other"))
            .body(&body);
        refused(&site, &ask.bytes(), 400, "ContentMD5Mismatch");
    }
    site.delete("/alice/stor/x");
    untouched(&site);
}

#[test]
fn lengths_that_nothing_has() {
    let site = site();
    for length in ["1000000000000000", "9000000000000000000"] {
        let ask =
            Ask::new("PUT", "/alice/stor/x").with("content-length", length);
        let begun = Instant::now();
        refused(&site, &ask.bytes(), 507, "NotEnoughSpace");
        assert!(begun.elapsed() < Duration::from_secs(5), "at once");
    }
    let ask = Ask::new("POST", "/alice/uploads")
        .with("content-length", "1000000000000000");
    let mut client = site.client();
    client.send(&ask.bytes());
    client.send(&[b' '; 200_000]);
    client.answer(false).fails(413, "MaxContentLengthExceeded");
    untouched(&site);
}

#[test]
fn slow_senders_are_told_to_go() {
    let site = Site::with(|settings| {
        settings.body_stall_seconds = 1;
        settings.idle_seconds = 2;
    });
    site.put("/alice/stor/kept", b"kept");
    for headers in ["content-length: 100", "transfer-encoding: chunked"] {
        let mut client = site.client();
        let text = format!(
            "PUT /alice/stor/kept HTTP/1.1\r\nhost: t\r\n{headers}\r\n\r\n\
             5\r\nhello\r\n"
        );
        let begun = Instant::now();
        client.send(text.as_bytes());
        let answer = client.answer(false);
        answer.fails(408, "UploadTimeout");
        assert_eq!(answer.header("connection"), "close");
        assert!(begun.elapsed() >= Duration::from_secs(1));
        assert!(client.is_closed());
    }
    // Slow, but not too slow.
    let mut client = site.client();
    let ask = Ask::new("PUT", "/alice/stor/slow").with("content-length", "4");
    client.send(&ask.bytes());
    for byte in b"slow" {
        std::thread::sleep(Duration::from_millis(400));
        client.send(&[*byte]);
    }
    assert_eq!(client.answer(false).status, 204);
    // A head that never ends.
    let mut client = site.client();
    client.send(b"GET /alice HTTP/1.1\r\nhost: t\r\nx: ");
    let begun = Instant::now();
    assert!(client.is_closed());
    assert!(begun.elapsed() < Duration::from_secs(20));
    site.delete("/alice/stor/slow");
    untouched(&site);
}

#[test]
fn the_services_own_account_is_out_of_reach() {
    let site = site();
    for account in ["thoth.internal", "thoth%2Einternal", "thoth%2einternal"] {
        for path in ["", "/stor", "/stor/uploads", "/tokens"] {
            let path = format!("/{account}{path}");
            for method in ["GET", "PUT", "DELETE", "POST"] {
                let ask = Ask::new(method, &path).with("content-length", "0");
                refused(&site, &ask.bytes(), 403, "AccountDoesNotExist");
            }
        }
    }
    let ask = Ask::new("PUT", "/alice/stor/l")
        .with("content-type", "application/json; type=link")
        .with("content-length", "0")
        .with("location", "/thoth.internal/stor/uploads");
    refused(&site, &ask.bytes(), 400, "InvalidLink");
}

/// Heads of all sorts, changed at random: no answer is a 500, and the server
/// lives.
#[test]
fn random_heads() {
    let site = site();
    let seed = b"PUT /alice/stor/x?metadata=true&limit=3 HTTP/1.1\r\n\
        host: t\r\ncontent-length: 2\r\ncontent-type: text/plain\r\n\
        range: bytes=0-1\r\nif-match: \"a\", *\r\nm-a: b\r\n\r\nhi";
    let mut state = 0x7468_6f74_u64;
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for _ in 0..400 {
        let mut bytes = seed.to_vec();
        for _ in 0..=next(4) {
            let at = next(bytes.len());
            match next(3) {
                0 => bytes[at] = next(256) as u8,
                1 => {
                    bytes.remove(at);
                }
                _ => bytes.insert(at, next(256) as u8),
            }
        }
        let mut client = site.client();
        client.send(&bytes);
        client.finish();
        while let Some(answer) = client.next_answer(false) {
            let shown = String::from_utf8_lossy(&bytes);
            assert!(answer.status < 500, "{answer:?} to {shown:?}");
            if answer.status != 100 {
                assert_eq!(answer.header("server"), "Manta");
            }
        }
    }
    assert_eq!(site.get("/alice/stor/kept").body, b"kept");
}
