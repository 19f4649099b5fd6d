//! What the tests need from the system: finding it, installing it, or naming
//! what is missing.
//!
//! A test whose tool is missing must not pass. So this is looked at first, and
//! nothing is run while anything is missing: as root on a machine with apt the
//! packages are installed, elsewhere their names are the error.

use crate::Result;
use crate::command::{find, run, succeeds};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

/// A thing the tests need, and the Debian package that brings it.
struct Need {
    /// A program, or the absolute path of a file.
    what: &'static str,
    package: &'static str,
    why: &'static str,
}

const fn need(
    what: &'static str,
    package: &'static str,
    why: &'static str,
) -> Need {
    Need { what, package, why }
}

const NEEDS: [Need; 22] = [
    need("gcc", "gcc", "compiles the corpus programs"),
    need("g++", "g++", "compiles the C++ ones"),
    need("/usr/include/stdio.h", "libc6-dev", "their headers"),
    need("musl-gcc", "musl-tools", "links one against another C library"),
    need("ld", "binutils", "links them"),
    need("objcopy", "binutils", "splits and compresses debug information"),
    need("readelf", "binutils", "reads our cores as a judge"),
    need("gdb", "gdb", "reads our cores as a judge"),
    need("gcore", "gdb", "takes cores of living processes"),
    need("eu-stack", "elfutils", "unwinds our cores as a judge"),
    need("eu-readelf", "elfutils", "reads our cores as a judge"),
    need("gzip", "gzip", "compresses cores"),
    need("zstd", "zstd", "compresses cores, expands the store's frames"),
    need("lz4", "lz4", "compresses cores"),
    need("xz", "xz-utils", "compresses cores and MiniDebugInfo"),
    need("python3", "python3", "crashes in a corpus case, reads a store"),
    need("node", "nodejs", "crashes, in a corpus case"),
    need("npm", "npm", "installs a client of the server"),
    need("ssh-keygen", "openssh-client", "makes the clients' keys"),
    need("openssl", "openssl", "verifies signatures as a judge"),
    need("curl", "curl", "asks the server as users do"),
    need("mount", "mount", "mounts a disk to be filled"),
];

/// Makes sure that everything is there.
pub(crate) fn provide() -> Result<()> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    for need in &missing {
        eprintln!("missing: {} ({})", need.what, need.why);
    }
    let mut packages: Vec<&str> = missing.iter().map(|n| n.package).collect();
    packages.sort_unstable();
    packages.dedup();
    install(&packages)?;
    let still = self::missing();
    let named = still.iter().fold(String::new(), |mut text, need| {
        let _ = write!(text, " {} (package {})", need.what, need.package);
        text
    });
    if named.is_empty() { Ok(()) } else { Err(refusal(&named)) }
}

fn refusal(named: &str) -> crate::Problem {
    format!("still missing after installing:{named}").into()
}

fn missing() -> Vec<&'static Need> {
    let there = |need: &&Need| match need.what.starts_with('/') {
        true => Path::new(need.what).exists(),
        false => find(need.what).is_some(),
    };
    NEEDS.iter().filter(|n| !there(n)).collect()
}

/// Installs Debian packages, or says which to install.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    if find("apt-get").is_none() {
        return Err(format!(
            "install what is missing; on Debian the packages are: {list}"
        )
        .into());
    }
    if !is_root() {
        return Err(format!(
            "not root, so install these: apt-get install {list}"
        )
        .into());
    }
    let mut update = apt();
    if let Err(problem) = run(update.arg("update").arg("-q")) {
        // one broken list of many must not stop what the others can give
        eprintln!("xtask: {problem}; going on with the lists that are there");
    }
    let mut install = apt();
    install.args(["install", "-q", "-y", "--no-install-recommends"]);
    run(install.args(packages))
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

pub(crate) fn is_root() -> bool {
    succeeds(Command::new("sh").args(["-c", "test \"$(id -u)\" = 0"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_found_and_what_is_not_is_missed() {
        assert!(find("sh").is_some());
        assert!(find("no-such-program-anywhere").is_none());
        let lost: Vec<&str> = missing().iter().map(|n| n.what).collect();
        assert!(!lost.contains(&"gcc"), "a linker was needed to get here");
    }

    #[test]
    fn every_need_names_a_package() {
        for n in &NEEDS {
            assert!(!n.package.contains([' ', '/']), "{}", n.what);
            assert!(n.package.len() > 2 && !n.why.is_empty(), "{}", n.what);
        }
    }
}
