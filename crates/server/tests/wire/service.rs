//! The service itself: limits, stopping, metrics, TLS.

use crate::support::{Ask, Site};
use std::sync::Arc;
use std::time::{Duration, Instant};
use thoth_server::auth::Auth;
use thoth_server::{Server, Settings, StartError};

#[test]
fn a_second_server_on_the_data_is_refused_by_name() {
    let mut site = Site::new();
    let start = |site: &Site| {
        let settings = Settings {
            listen: "127.0.0.1:0".parse().expect("address"),
            ..Settings::default()
        };
        let store = Arc::clone(&site.store);
        Server::start(settings, site.folder.path(), store, Auth::insecure("a"))
    };
    let error = start(&site).expect_err("taken");
    let text = error.to_string();
    assert!(matches!(error, StartError::Taken { .. }));
    assert!(text.contains(&site.address().to_string()), "{text}");
    assert!(text.contains(&std::process::id().to_string()), "{text}");
    assert!(text.contains(&site.folder.path().display().to_string()));
    assert!(site.stop());
    assert!(start(&site).expect("free again").stop());
}

#[test]
fn without_credentials_only_loopback_is_served() {
    let site = Site::new();
    let folder = tempfile::tempdir().expect("folder");
    let settings = Settings {
        listen: "0.0.0.0:0".parse().expect("address"),
        ..Settings::default()
    };
    let store = Arc::clone(&site.store);
    let auth = Auth::insecure("alice");
    let refused = Server::start(settings, folder.path(), store, auth);
    let error = refused.expect_err("everybody could do everything");
    assert!(matches!(error, StartError::InsecureAddress(_)), "{error}");
}

#[test]
fn stopping_lets_requests_end_and_takes_no_more() {
    let mut site = Site::new();
    let mut idle = site.client();
    assert_eq!(idle.ask(Ask::new("GET", "/alice")).status, 200);
    let mut busy = site.client();
    let ask = Ask::new("PUT", "/alice/stor/x").with("content-length", "10");
    busy.send(&ask.bytes());
    busy.send(b"hello");
    // Until the server has seen it.
    std::thread::sleep(Duration::from_millis(300));
    let address = site.address();
    let sender = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(500));
        let refused = std::net::TcpStream::connect(address).is_err();
        busy.send(b"world");
        (busy.answer(false).status, busy.is_closed(), refused)
    });
    let begun = Instant::now();
    assert!(site.stop(), "all ended");
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(sender.join().expect("sender"), (204, true, true));
    assert!(idle.is_closed());
    use thoth_manta::MantaExt;
    let path = thoth_manta::Path::parse("/alice/stor/x").expect("path");
    assert_eq!(site.store.get(&path, 100).expect("there").1, b"helloworld");
}

#[test]
fn a_stop_does_not_wait_for_ever() {
    let mut site = Site::with(|settings| settings.drain_seconds = 1);
    let mut busy = site.client();
    let ask = Ask::new("PUT", "/alice/stor/x").with("content-length", "10");
    busy.send(&ask.bytes());
    std::thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    assert!(!site.stop());
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn accounts_have_a_rate() {
    let site = Site::with(|settings| {
        settings.requests_per_second = 1;
        settings.request_burst = 4;
    });
    let mut client = site.client();
    let answers: Vec<_> =
        (0..20).map(|_| client.ask(Ask::new("GET", "/alice"))).collect();
    let fine = answers.iter().filter(|a| a.status == 200).count();
    assert!((5..=7).contains(&fine), "{fine}");
    let refused = answers.last().expect("answers");
    refused.fails(503, "ThrottledError");
    assert_eq!(refused.header("retry-after"), "1");
}

#[test]
fn connections_have_a_limit() {
    let site = Site::with(|settings| settings.max_connections = 2);
    let mut first = site.client();
    let mut second = site.client();
    for client in [&mut first, &mut second] {
        assert_eq!(client.ask(Ask::new("GET", "/alice")).status, 200);
    }
    let mut third = site.client();
    third.send(&Ask::new("GET", "/alice").bytes());
    std::thread::sleep(Duration::from_millis(200));
    drop(first);
    assert_eq!(third.answer(false).status, 200, "it waited for its turn");
}

#[test]
fn uploads_have_a_limit_and_readers_go_on() {
    let site = Site::with(|settings| settings.max_uploads = 2);
    site.put("/alice/stor/x", b"x");
    let busy: Vec<_> = (0..2)
        .map(|n| {
            let mut client = site.client();
            let path = format!("/alice/stor/{n}");
            let ask = Ask::new("PUT", &path).with("content-length", "10");
            client.send(&ask.bytes());
            client
        })
        .collect();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(site.get("/alice/stor/x").body, b"x");
    let refused = site.ask(Ask::new("PUT", "/alice/stor/y").body(b"y"));
    refused.fails(503, "ServiceUnavailable");
    assert_eq!(refused.header("retry-after"), "30");
    drop(busy);
}

#[test]
fn quotas_are_kept() {
    let site = Site::new();
    site.store.set_quota("alice", Some(100_000)).expect("quota");
    let body = vec![7; 200_000];
    let ask = Ask::new("PUT", "/alice/stor/x")
        .with("expect", "100-continue")
        .with("content-length", "200000");
    let mut client = site.client();
    client.send(&ask.bytes());
    let first = client.next_answer(false).expect("answer");
    first.fails(507, "NotEnoughSpace");
    let ask = Ask::new("PUT", "/bob/stor/x").body(&body);
    assert_eq!(site.ask(ask).status, 204);
}

#[test]
fn metrics_and_health_have_an_address_of_their_own() {
    let site = Site::with(|settings| {
        settings.admin = Some("127.0.0.1:0".parse().expect("address"));
    });
    site.put("/alice/stor/x", b"hello");
    site.get("/alice/stor/x");
    let admin = site.server().admin_address().expect("admin");
    let ask = |path| {
        crate::support::Client::connect(admin).ask(Ask::new("GET", path))
    };
    assert_eq!(ask("/ping").status, 200);
    let metrics = ask("/metrics");
    let text = metrics.text();
    for line in [
        "thoth_requests_total{method=\"PUT\",status=\"2xx\"} 1",
        "thoth_requests_total{method=\"GET\",status=\"2xx\"} 1",
        "thoth_received_bytes_total 5",
        "thoth_sent_bytes_total 5",
        "thoth_denied_total 0",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
    }
    assert_eq!(ask("/alice/stor/x").status, 404);
    // Not where everybody asks.
    assert_eq!(site.get("/metrics").status, 405);
    let plain = Site::new();
    assert!(plain.get("/metrics").text().contains("thoth_connections"));
}

#[test]
fn ping_needs_nobody_and_closes() {
    let site = Site::new();
    let mut client = site.client();
    let answer = client.ask(Ask::new("GET", "/ping"));
    assert_eq!((answer.status, answer.text()), (200, ""));
    assert_eq!(answer.header("connection"), "close");
    assert!(client.is_closed());
    let mut client = site.client();
    let ask = Ask::new("GET", "/alice").with("user-agent", "curl/7.88");
    assert_eq!(client.ask(ask).header("connection"), "close");
    assert!(client.is_closed());
    let ask = Ask::new("GET", "/alice").with("x-request-id", "my-id");
    assert_eq!(site.ask(ask).header("x-request-id"), "my-id");
}

#[test]
fn a_connection_serves_many_requests_and_pipelines() {
    let site = Site::new();
    let mut client = site.client();
    for n in 0..50 {
        let body = format!("body {n}");
        let ask = Ask::new("PUT", "/alice/stor/x").body(body.as_bytes());
        let answer = client.ask(ask);
        assert_eq!(answer.status, 204);
        assert_eq!(answer.header("connection"), "keep-alive");
        let answer = client.ask(Ask::new("GET", "/alice/stor/x"));
        assert_eq!(answer.text(), body);
    }
    let mut bytes = Vec::new();
    for n in 0..5 {
        let path = format!("/alice/stor/p{n}");
        bytes.extend(Ask::new("PUT", &path).body(b"p").bytes());
    }
    client.send(&bytes);
    for _ in 0..5 {
        assert_eq!(client.answer(false).status, 204);
    }
}
