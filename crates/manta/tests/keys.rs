//! Keys and signatures against OpenSSH and OpenSSL: every kind of key in
//! every format, both ways, from files and from an agent.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use thoth_manta::signature::{
    Agent, Algorithm, Fingerprint, KeyPlaces, PrivateKey, PublicKey,
    SignatureError, Signer, SigningKey, find_key,
};

/// Type and bits for ssh-keygen, and the digest that our signatures use.
const KINDS: &[(&str, &str, &str)] = &[
    ("rsa", "2048", "sha256"),
    ("rsa", "3072", "sha256"),
    ("ecdsa", "256", "sha256"),
    ("ecdsa", "384", "sha384"),
    ("ecdsa", "521", "sha512"),
    ("ed25519", "256", ""),
];
const MESSAGE: &[u8] = b"date: Mon, 23 Nov 2026 04:07:14 GMT";

fn run(command: &mut Command) -> String {
    let name = format!("{command:?}");
    let done = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{name}: {error}; is it installed?"));
    assert!(
        done.status.success(),
        "{name}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    String::from_utf8(done.stdout).expect("text")
}

/// Makes a key, and returns its file.
fn keygen(folder: &Path, name: &str, more: &[&str]) -> PathBuf {
    let file = folder.join(name);
    run(Command::new("ssh-keygen")
        .args(["-q", "-C", "a comment", "-f"])
        .arg(&file)
        .args(more));
    file
}

fn public_of(file: &Path) -> PublicKey {
    let text = std::fs::read_to_string(file.with_extension("pub"));
    PublicKey::parse(&text.expect("public half")).expect("parses")
}

/// Verifies with OpenSSL.
fn openssl_accepts(
    folder: &Path,
    file: &Path,
    digest: &str,
    signature: &[u8],
) -> bool {
    let pem = folder.join("peer.pem");
    let (sig, message) = (folder.join("peer.sig"), folder.join("peer.txt"));
    std::fs::write(&sig, signature).expect("write");
    std::fs::write(&message, MESSAGE).expect("write");
    let mut command = Command::new("openssl");
    if digest.is_empty() {
        // OpenSSH does not write Ed25519 as PEM; its last 32 bytes are it.
        let key = public_of(file);
        let raw = &key.blob()[key.blob().len() - 32..];
        let mut der = vec![
            0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21,
            0x00,
        ];
        der.extend_from_slice(raw);
        std::fs::write(&pem, der).expect("write");
        command
            .args(["pkeyutl", "-verify", "-rawin", "-pubin"])
            .args(["-keyform", "DER", "-inkey"])
            .arg(&pem)
            .arg("-sigfile")
            .arg(&sig)
            .arg("-in")
            .arg(&message);
    } else {
        let text = run(Command::new("ssh-keygen")
            .args(["-e", "-m", "PKCS8", "-f"])
            .arg(file.with_extension("pub")));
        std::fs::write(&pem, text).expect("write");
        command
            .args(["dgst", &format!("-{digest}"), "-verify"])
            .arg(&pem)
            .arg("-signature")
            .arg(&sig)
            .arg(&message);
    }
    command.output().expect("openssl").status.success()
}

#[test]
fn keys_of_every_kind_are_read_as_openssh_reads_them() {
    let folder = tempfile::tempdir().expect("folder");
    for (kind, bits, digest) in KINDS {
        let name = format!("{kind}-{bits}");
        let file =
            keygen(folder.path(), &name, &["-t", kind, "-b", bits, "-N", ""]);
        let public = public_of(&file);
        assert_eq!(public.comment(), "a comment");
        assert_eq!(public.bits().to_string(), *bits, "{name}");
        for hash in ["md5", "sha256"] {
            let line = run(Command::new("ssh-keygen")
                .args(["-l", "-E", hash, "-f"])
                .arg(file.with_extension("pub")));
            let shown = line.split(' ').nth(1).expect("fingerprint");
            let named = Fingerprint::parse(shown).expect("parses");
            assert!(named.names(public.blob()), "{line}");
            let own =
                if hash == "md5" { public.md5() } else { public.sha256() };
            assert_eq!(own.to_string(), shown.replace("MD5:", ""));
        }
        let line = std::fs::read_to_string(file.with_extension("pub"));
        assert_eq!(public.to_openssh(), line.expect("line").trim());
        for format in ["PKCS8", "PEM"] {
            if *kind == "ed25519" || (*kind, format) == ("ecdsa", "PEM") {
                continue;
            }
            let pem = run(Command::new("ssh-keygen")
                .args(["-e", "-m", format, "-f"])
                .arg(file.with_extension("pub")));
            assert_eq!(PublicKey::parse(&pem).expect("PEM"), public, "{name}");
        }
        let private = PrivateKey::read(&file, None).expect("private");
        assert_eq!(private.public(), &public, "{name}");
        let (algorithm, signature) = private.sign(MESSAGE).expect("signs");
        assert!(public.verify(algorithm, MESSAGE, &signature), "{name}");
        assert!(!public.verify(algorithm, b"date: x", &signature), "{name}");
        assert!(
            openssl_accepts(folder.path(), &file, digest, &signature),
            "{name}"
        );
    }
}

#[test]
fn private_keys_in_pem_are_the_same_keys() {
    let folder = tempfile::tempdir().expect("folder");
    for (kind, bits, digest) in KINDS.iter().filter(|k| k.0 != "ed25519") {
        for format in ["PEM", "PKCS8"] {
            let name = format!("{kind}-{bits}-{format}");
            let more = ["-t", kind, "-b", bits, "-N", "", "-m", format];
            let file = keygen(folder.path(), &name, &more);
            let text = std::fs::read_to_string(&file).expect("text");
            assert!(!text.contains("OPENSSH"), "{name}: not what was asked");
            let private = PrivateKey::parse(&text).expect("private");
            assert_eq!(private.public(), &public_of(&file), "{name}");
            let (_, signature) = private.sign(MESSAGE).expect("signs");
            assert!(
                openssl_accepts(folder.path(), &file, digest, &signature),
                "{name}"
            );
        }
    }
    // Only OpenSSL writes Ed25519 so.
    let file = folder.path().join("ed.pem");
    run(Command::new("openssl")
        .args(["genpkey", "-algorithm", "ed25519", "-out"])
        .arg(&file));
    let pem = run(Command::new("openssl")
        .args(["pkey", "-pubout", "-in"])
        .arg(&file));
    let private = PrivateKey::read(&file, None).expect("private");
    let public = PublicKey::parse(&pem).expect("public");
    assert_eq!(private.public(), &public);
    let (algorithm, signature) = private.sign(MESSAGE).expect("signs");
    assert!(public.verify(algorithm, MESSAGE, &signature));
}

#[test]
fn signatures_of_openssl_verify_with_every_digest() {
    let folder = tempfile::tempdir().expect("folder");
    let message = folder.path().join("message");
    std::fs::write(&message, MESSAGE).expect("write");
    for (kind, bits, _) in KINDS.iter().filter(|k| k.0 != "ed25519") {
        let name = format!("{kind}-{bits}");
        let more = ["-t", kind, "-b", bits, "-N", "", "-m", "PEM"];
        let file = keygen(folder.path(), &name, &more);
        let public = public_of(&file);
        for digest in ["sha1", "sha256", "sha384", "sha512"] {
            let label = format!("{kind}-{digest}");
            let Ok(algorithm) = Algorithm::parse(&label) else {
                assert_eq!(label, "ecdsa-sha1", "only this one is left out");
                continue;
            };
            let out = folder.path().join("signature");
            run(Command::new("openssl")
                .args(["dgst", &format!("-{digest}"), "-sign"])
                .arg(&file)
                .arg("-out")
                .arg(&out)
                .arg(&message));
            let mut signature = std::fs::read(&out).expect("signature");
            assert!(public.can(algorithm));
            assert!(public.verify(algorithm, MESSAGE, &signature), "{label}");
            for other in Algorithm::ALL.into_iter().filter(|a| *a != algorithm)
            {
                let taken = public.verify(other, MESSAGE, &signature);
                assert!(!taken, "{label} as {other}");
            }
            let last = signature.len() - 1;
            signature[last] ^= 1;
            assert!(!public.verify(algorithm, MESSAGE, &signature), "{label}");
            for short in [&signature[..last], &[]] {
                assert!(!public.verify(algorithm, MESSAGE, short), "{label}");
            }
        }
    }
}

#[test]
fn locked_keys_show_their_public_half_and_want_the_passphrase() {
    let folder = tempfile::tempdir().expect("folder");
    for (kind, bits, _) in [KINDS[0], KINDS[3], KINDS[5]] {
        let more = ["-t", kind, "-b", bits, "-N", "open sesame"];
        let file = keygen(folder.path(), kind, &more);
        let public = public_of(&file);
        let error = PrivateKey::read(&file, None).expect_err("locked");
        assert!(matches!(error, SignatureError::Locked(_)), "{error}");
        let places = KeyPlaces {
            folder: Some(folder.path().to_owned()),
            ..KeyPlaces::default()
        };
        let mut wrong = |_: &str| Some("wrong".to_owned());
        let error = find_key(&public.md5(), &places, Some(&mut wrong));
        let error = error.expect_err("wrong");
        assert!(matches!(error, SignatureError::WrongPassphrase(_)), "{error}");
        let mut asked = Vec::new();
        let mut right = |name: &str| {
            asked.push(name.to_owned());
            Some("open sesame".to_owned())
        };
        let key = find_key(&public.sha256(), &places, Some(&mut right));
        let key = key.expect("found");
        assert_eq!(asked, [file.display().to_string()]);
        let (algorithm, signature) = key.sign(MESSAGE).expect("signs");
        assert!(public.verify(algorithm, MESSAGE, &signature));
    }
    let more = ["-t", "rsa", "-m", "PEM", "-N", "open sesame"];
    let file = keygen(folder.path(), "pem", &more);
    let fingerprint = public_of(&file).md5();
    let places = KeyPlaces {
        folder: Some(folder.path().to_owned()),
        ..KeyPlaces::default()
    };
    let error = find_key(&fingerprint, &places, None).expect_err("locked");
    assert!(error.to_string().contains("ssh-keygen -p"), "{error}");
}

#[test]
fn keys_that_cannot_sign_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().expect("folder");
    let dsa = "ssh-dss AAAAB3NzaC1kc3MAAAABAwAAAAEFAAAAAQcAAAABCQ==";
    let cases = [
        (dsa.to_owned(), "use RSA"),
        (String::new(), "expected a line"),
        ("hello world".to_owned(), "base64"),
        ("ssh-rsa AAAA".to_owned(), "length"),
        ("a\nb".to_owned(), "several lines"),
        ("-----BEGIN PUBLIC KEY-----\nx".to_owned(), "PEM"),
        ("x".repeat(100_000), "at most"),
    ];
    for (text, why) in cases {
        let error = PublicKey::parse(&text).expect_err("refused").to_string();
        assert!(error.contains(why), "{error}: expected {why}");
    }
    let file = keygen(folder.path(), "id", &["-t", "ed25519", "-N", ""]);
    let private = std::fs::read_to_string(&file).expect("text");
    let error = PublicKey::parse(&private).expect_err("private").to_string();
    assert!(error.contains(".pub"), "{error}");
    let line = public_of(&file).to_openssh();
    let error = PublicKey::parse(&line.replace("ssh-ed25519", "ssh-rsa"));
    assert!(
        error.expect_err("two kinds").to_string().contains("the line says")
    );
    // Small ones are taken, but there is no room in them for a long digest.
    let more = ["-t", "rsa", "-b", "1024", "-N", ""];
    let public = public_of(&keygen(folder.path(), "small", &more));
    assert!(public.can(Algorithm::RsaSha1));
    assert!(!public.can(Algorithm::RsaSha512));
}

/// An agent of its own, ended with the test.
struct RunningAgent {
    child: Child,
    socket: PathBuf,
}

impl RunningAgent {
    fn start(folder: &Path) -> RunningAgent {
        let socket = folder.join("agent");
        let child = Command::new("ssh-agent")
            .args(["-D", "-a"])
            .arg(&socket)
            .stdout(Stdio::null())
            .spawn()
            .expect("ssh-agent; is it installed?");
        let start = Instant::now();
        while !socket.exists() {
            assert!(start.elapsed() < Duration::from_secs(20), "no socket");
            std::thread::sleep(Duration::from_millis(10));
        }
        RunningAgent { child, socket }
    }

    fn add(&self, file: &Path) {
        run(Command::new("ssh-add")
            .arg("-q")
            .arg(file)
            .env("SSH_AUTH_SOCK", &self.socket));
    }
}

impl Drop for RunningAgent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn an_agent_signs_with_every_kind_of_key() {
    let folder = tempfile::tempdir().expect("folder");
    let running = RunningAgent::start(folder.path());
    let agent = Agent::at(&running.socket);
    assert!(agent.keys().expect("empty").is_empty());
    for (kind, bits, digest) in KINDS {
        let name = format!("{kind}-{bits}");
        let file =
            keygen(folder.path(), &name, &["-t", kind, "-b", bits, "-N", ""]);
        let public = public_of(&file);
        assert!(agent.find(&public.md5()).expect("asks").is_none());
        running.add(&file);
        let places =
            KeyPlaces { agent: Some(agent.clone()), ..KeyPlaces::default() };
        let key = find_key(&public.sha256(), &places, None).expect("found");
        assert!(matches!(key, SigningKey::Agent(_)));
        // The numbers of ECDSA differ in length from one time to the next.
        for _ in 0..20 {
            let (algorithm, signature) = key.sign(MESSAGE).expect("signs");
            assert!(public.verify(algorithm, MESSAGE, &signature), "{name}");
        }
        let (_, signature) = key.sign(MESSAGE).expect("signs");
        assert!(
            openssl_accepts(folder.path(), &file, digest, &signature),
            "{name}"
        );
        let signer = Signer::new("alice", None, key);
        let date = "Mon, 23 Nov 2026 04:07:14 GMT";
        let header = signer.authorization(date).expect("signs");
        assert_eq!(header, signer.authorization(date).expect("kept"));
        assert!(header.contains(&format!("/alice/keys/{}", public.md5())));
    }
    assert_eq!(agent.keys().expect("all").len(), KINDS.len());
}

#[test]
fn an_agent_that_is_none_is_told_by_its_socket() {
    let folder = tempfile::tempdir().expect("folder");
    let socket = folder.path().join("agent");
    let agent = Agent::at(&socket);
    let error = agent.keys().expect_err("nobody there").to_string();
    assert!(error.contains(&socket.display().to_string()), "{error}");
    // One that talks nonsense.
    let answers: [&[u8]; 6] = [
        b"",
        b"\0\0\0\0",
        b"\xff\xff\xff\xff",
        b"\0\0\0\x01\x05",
        b"\0\0\0\x05\x0c\xff\xff\xff\xff",
        b"\0\0\0\x09\x0c\0\0\0\x01\xff\xff\xff\xff",
    ];
    let listener =
        std::os::unix::net::UnixListener::bind(&socket).expect("bind");
    let served = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        for answer in answers {
            let (mut stream, _) = listener.accept().expect("accept");
            let mut question = [0; 5];
            stream.read_exact(&mut question).expect("question");
            stream.write_all(answer).expect("answer");
        }
    });
    for answer in answers {
        let error = agent.keys().expect_err("nonsense");
        assert!(matches!(error, SignatureError::Agent { .. }), "{answer:?}");
    }
    served.join().expect("served");
}

/// One in four of these keys has a number shorter than its curve, which the
/// file then holds without its zeros.
#[test]
fn keys_with_short_numbers_are_read_open_and_locked() {
    let folder = tempfile::tempdir().expect("folder");
    for round in 0..16 {
        for passphrase in ["", "secret"] {
            let name = format!("{round}{passphrase}");
            let more = ["-t", "ecdsa", "-b", "521", "-a", "1"];
            let more = [&more[..], &["-N", passphrase]].concat();
            let file = keygen(folder.path(), &name, &more);
            let mut say = |_: &str| Some(passphrase.to_owned());
            let key = PrivateKey::read(&file, Some(&mut say)).expect(&name);
            let (algorithm, signature) = key.sign(MESSAGE).expect("signs");
            let public = public_of(&file);
            assert!(public.verify(algorithm, MESSAGE, &signature), "{name}");
            let mut wrong = |_: &str| Some("else".to_owned());
            let refused = PrivateKey::read(&file, Some(&mut wrong));
            assert_eq!(refused.is_err(), !passphrase.is_empty(), "{name}");
        }
    }
}
