//! Multipart uploads.

use crate::support::{Answer, Ask, Site, md5};
use serde_json::{Value, json};

const MIN: usize = 5 << 20;

struct Upload<'a> {
    site: &'a Site,
    id: String,
    parts: String,
}

fn create(site: &Site, document: &Value) -> Answer {
    let body = document.to_string();
    site.ask(Ask::new("POST", "/alice/uploads").body(body.as_bytes()))
}

fn begin<'a>(site: &'a Site, headers: &Value) -> Upload<'a> {
    let document =
        json!({ "objectPath": "/alice/stor/up", "headers": headers });
    let made = create(site, &document);
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.header("content-md5"), md5(&made.body));
    let made = made.json();
    Upload {
        site,
        id: made["id"].as_str().expect("id").to_owned(),
        parts: made["partsDirectory"].as_str().expect("dir").to_owned(),
    }
}

impl Upload<'_> {
    fn part(&self, number: u32, body: &[u8]) -> String {
        let put = self.site.put(&format!("{}/{number}", self.parts), body);
        assert_eq!(put.header("computed-md5"), md5(body));
        put.header("etag").to_owned()
    }

    fn commit(&self, parts: &[String]) -> Answer {
        self.post("commit", &json!({ "parts": parts }).to_string())
    }

    fn post(&self, what: &str, body: &str) -> Answer {
        let path = format!("{}/{what}", self.parts);
        self.site.ask(Ask::new("POST", &path).body(body.as_bytes()))
    }

    fn state(&self) -> Value {
        let answer = self.site.get(&format!("{}/state", self.parts));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }
}

#[test]
fn parts_become_the_object() {
    let site = Site::new();
    let whole: Vec<u8> =
        (0..2 * MIN + 1000).map(|n| ((n * n) >> 9) as u8).collect();
    let headers = json!({
        "Content-Length": whole.len(),
        "content-md5": md5(&whole),
        "Content-Type": "text/plain",
        "m-Thing": "x",
        "durability-level": 3,
        "content-disposition": "attachment; filename=\"/q/b.txt\"",
    });
    let upload = begin(&site, &headers);
    let digit = upload.id.chars().last().expect("digit").to_digit(16);
    let digits = digit.expect("hex") as usize;
    assert!((1..=4).contains(&digits));
    assert_eq!(
        upload.parts,
        format!("/alice/uploads/{}/{}", &upload.id[..digits], upload.id)
    );
    let state = upload.state();
    assert_eq!(state["state"], "created");
    assert_eq!(state["partsDirectory"], *upload.parts);
    assert_eq!(state["targetObject"], "/alice/stor/up");
    assert_eq!(state["numCopies"], 3);
    assert_eq!(state["headers"]["content-length"], whole.len());
    assert_eq!(state["headers"]["m-thing"], "x");
    assert!(state["creationTimeMs"].as_i64().expect("time") > 0);
    // In any order, one of them twice.
    let third = upload.part(2, &whole[2 * MIN..]);
    upload.part(0, b"wrong");
    let first = upload.part(0, &whole[..MIN]);
    let second = upload.part(1, &whole[MIN..2 * MIN]);
    let listed = site.get(&upload.parts);
    assert_eq!(listed.names(), ["0", "1", "2"]);
    let head = site.head(&format!("{}/1", upload.parts));
    assert_eq!(head.header("etag"), second);
    assert_eq!(head.header("content-length"), MIN.to_string());
    let parts = [first, second, third];
    let done = upload.commit(&parts);
    assert_eq!(done.status, 201, "{done:?}");
    assert_eq!(done.header("location"), "/alice/stor/up");
    assert_eq!(done.header("computed-md5"), md5(&whole));
    assert_eq!(done.header("content-length"), "0");
    let got = site.get("/alice/stor/up");
    assert!(got.body == whole);
    for (name, value) in [
        ("content-type", "text/plain"),
        ("m-thing", "x"),
        ("durability-level", "3"),
        ("content-md5", &md5(&whole)),
        ("content-disposition", "attachment; filename=\"b.txt\""),
    ] {
        assert_eq!(got.header(name), value, "{name}");
    }
    let state = upload.state();
    assert_eq!(state["result"], "committed");
    assert_eq!(state["partsMD5Summary"], md5(parts.concat().as_bytes()));
    // Asked again it says the same; otherwise it is too late.
    let again = upload.commit(&parts);
    assert_eq!(again.status, 201);
    assert_eq!(again.header("computed-md5"), md5(&whole));
    let wrong = upload.commit(&parts[..2]);
    wrong.fails(409, "InvalidMultipartUploadState");
    upload.post("abort", "{}").fails(409, "InvalidMultipartUploadState");
    let path = format!("{}/0", upload.parts);
    let late = site.ask(Ask::new("PUT", &path).body(b"x"));
    late.fails(409, "InvalidMultipartUploadState");
    assert_eq!(site.get("/alice/stor/up").header("etag"), got.header("etag"));
}

#[test]
fn an_aborted_upload_leaves_nothing() {
    let site = Site::new();
    let upload = begin(&site, &json!({}));
    let etag = upload.part(0, b"part");
    for _ in 0..2 {
        assert_eq!(upload.post("abort", "{}").status, 204);
    }
    upload.commit(&[etag]).fails(409, "InvalidMultipartUploadState");
    assert_eq!(upload.state()["result"], "aborted");
    assert_eq!(site.head("/alice/stor/up").status, 404);
    assert_eq!(site.get(&upload.parts).status, 404);
}

#[test]
fn no_parts_are_an_empty_object() {
    let site = Site::new();
    let upload = begin(&site, &json!({}));
    assert_eq!(upload.commit(&[]).status, 201);
    let got = site.get("/alice/stor/up");
    assert_eq!((got.status, got.header("content-length")), (200, "0"));
}

#[test]
fn wrong_commits_leave_the_upload_as_it_was() {
    let site = Site::new();
    let headers = json!({ "content-length": 4, "content-md5": md5(b"part") });
    let upload = begin(&site, &headers);
    let small = upload.part(0, b"part");
    let second = upload.part(1, b"x");
    let unknown = "0d9c4b9e-0d0c-4c3b-8d1c-0a2f6b6a3d57".to_owned();
    for parts in [
        vec![small.clone(), second.clone()],
        vec![unknown],
        vec![second],
        vec![],
        vec![small.clone(), "nothing".to_owned(), small.clone()],
    ] {
        let answer = upload.commit(&parts);
        answer.fails(409, "MultipartUploadInvalidArgument");
        assert_eq!(upload.state()["state"], "created");
    }
    for body in ["", "{}", "[]", "{\"parts\":\"x\"}", "{\"parts\":[1]}"] {
        let answer = upload.post("commit", body);
        answer.fails(409, "MultipartUploadInvalidArgument");
    }
    let other = upload.part(0, b"trap");
    let answer = upload.commit(&[other]);
    answer.fails(409, "MultipartUploadInvalidArgument");
    assert_eq!(upload.state()["state"], "created", "the digest is wrong");
    let right = upload.part(0, b"part");
    assert_eq!(upload.commit(&[right]).status, 201);
}

#[test]
fn the_target_is_checked_at_the_end() {
    let site = Site::new();
    for (target, status, code) in [
        ("/alice/stor/no/x", 404, "DirectoryDoesNotExist"),
        ("/alice/stor", 400, "OperationNotAllowedOnRootDirectory"),
        ("/alice/stor/d", 400, "OperationNotAllowedOnDirectory"),
    ] {
        site.mkdir("/alice/stor/d");
        let made = create(&site, &json!({ "objectPath": target }));
        assert_eq!(made.status, 201, "{target}");
        let parts = made.json()["partsDirectory"].clone();
        let path = format!("{}/commit", parts.as_str().expect("dir"));
        let ask = Ask::new("POST", &path).body(b"{\"parts\":[]}");
        site.ask(ask).fails(status, code);
    }
}

#[test]
fn wrong_documents_make_no_upload() {
    let site = Site::new();
    let with = |headers: Value| json!({ "objectPath": "/alice/stor/x", "headers": headers });
    let mpu = "MultipartUploadInvalidArgument";
    for (document, status, code) in [
        (json!({}), 409, mpu),
        (json!([]), 409, mpu),
        (json!({ "objectPath": 5 }), 409, mpu),
        (json!({ "objectPath": "stor/x" }), 409, mpu),
        (json!({ "objectPath": "/alice/nowhere/x" }), 409, mpu),
        (json!({ "objectPath": "/thoth.internal/stor/x" }), 409, mpu),
        (with(json!({ "If-Match": "x" })), 409, mpu),
        (with(json!({ "content-length": -1 })), 409, mpu),
        (with(json!({ "content-length": "x" })), 409, mpu),
        (with(json!("x")), 409, mpu),
        (
            with(json!({ "durability-level": 99 })),
            400,
            "InvalidDurabilityLevel",
        ),
        (
            with(json!({ "content-disposition": "attachment;\"" })),
            400,
            "BadRequestError",
        ),
    ] {
        let answer = create(&site, &document);
        answer.fails(status, code);
    }
    // Odd values that only the end can judge.
    let odd = create(&site, &with(json!({ "content-md5": "md5string" })));
    assert_eq!(odd.status, 201);
    assert_eq!(site.get("/alice/uploads").header("result-set-size"), "1");
}

#[test]
fn wrong_parts_are_refused_before_their_bodies() {
    let site = Site::new();
    let upload = begin(&site, &json!({}));
    let refused = |path: &str, status: u16, code: &str| {
        // Announced, and never sent.
        let ask = Ask::new("PUT", path).with("content-length", "100");
        site.ask(ask).fails(status, code);
    };
    for part in ["10000", "-1", "00", "01", "x", "1.5", "99999999999999"] {
        let path = format!("{}/{part}", upload.parts);
        refused(&path, 409, "MultipartUploadInvalidArgument");
    }
    let unknown = "/alice/uploads/0/0d9c4b9e-0d0c-4c3b-8d1c-0a2f6b6a3d51/0";
    refused(unknown, 404, "DirectoryDoesNotExist");
    let path = format!("{}/0", upload.parts);
    let ask = Ask::new("PUT", &path)
        .with("content-length", "100")
        .with("durability-level", "2");
    site.ask(ask).fails(409, "MultipartUploadInvalidArgument");
    let moved = format!("/alice/uploads/{}/7", upload.id);
    for method in ["GET", "HEAD", "PUT", "POST", "DELETE"] {
        let ask = Ask::new(method, &moved).with("content-length", "100");
        let answer = site.ask(ask);
        assert_eq!(answer.status, 301, "{method}");
        assert_eq!(answer.header("location"), format!("{}/7", upload.parts));
    }
}

#[test]
fn other_methods_are_not_allowed() {
    let site = Site::new();
    let upload = begin(&site, &json!({}));
    upload.part(0, b"x");
    let part = format!("{}/0", upload.parts);
    let state = format!("{}/state", upload.parts);
    let commit = format!("{}/commit", upload.parts);
    for (method, path) in [
        ("PUT", "/alice/uploads"),
        ("DELETE", "/alice/uploads"),
        ("GET", &part),
        ("POST", &part),
        ("DELETE", &part),
        ("PUT", &upload.parts),
        ("POST", &upload.parts),
        ("DELETE", &upload.parts),
        ("PUT", &state),
        ("GET", &commit),
    ] {
        let ask = Ask::new(method, path).with("content-length", "0");
        site.ask(ask).fails(405, "MethodNotAllowedError");
    }
    let none = "/alice/uploads/0/0d9c4b9e-0d0c-4c3b-8d1c-0a2f6b6a3d51";
    for (method, what) in
        [("GET", "state"), ("POST", "commit"), ("POST", "abort")]
    {
        let path = format!("{none}/{what}");
        let ask = Ask::new(method, &path).body(b"{\"parts\":[]}");
        site.ask(ask).fails(404, "ResourceNotFound");
    }
    let moved = "/alice/uploads/0d9c4b9e-0d0c-4c3b-8d1c-0a2f6b6a3d51";
    assert_eq!(site.head(moved).status, 404);
    let other = upload.parts.replace("/alice/", "/bob/");
    let answer = site.get(&format!("{other}/state"));
    answer.fails(404, "ResourceNotFound");
}

#[test]
fn of_several_ends_one_happens() {
    let site = Site::new();
    for round in 0..10 {
        let upload = begin(&site, &json!({}));
        let etag = upload.part(0, b"part");
        let (committed, aborted) = std::thread::scope(|scope| {
            let commits: Vec<_> = (0..3)
                .map(|_| {
                    let parts = [etag.clone()];
                    let upload = &upload;
                    scope.spawn(move || upload.commit(&parts).status)
                })
                .collect();
            let abort = upload.post("abort", "{}").status;
            let commits: Vec<u16> =
                commits.into_iter().map(|c| c.join().expect("end")).collect();
            (commits, abort)
        });
        let state = upload.state();
        assert_eq!(state["state"], "done");
        let won = state["result"] == "committed";
        let expected = if won { (201, 409) } else { (409, 204) };
        assert!(committed.iter().all(|s| *s == expected.0), "{committed:?}");
        assert_eq!(aborted, expected.1, "round {round}");
        assert_eq!(site.head("/alice/stor/up").status == 200, won);
        if won {
            assert_eq!(site.delete("/alice/stor/up").status, 204);
        }
    }
}
