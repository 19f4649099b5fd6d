//! Runs a case's program and takes its core.

use super::compile::{self, Built};
use super::pattern::PlainCores;
use super::recipe::expand;
use super::tools::{find, run};
use super::truth::take_facts;
use super::witness;
use super::{Capture, KernelTruth, MakeError, Recipe, Truth, io, source_dir};
use crate::snapshot::{self, Traced};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant, SystemTime};

/// Longest life of a case's process.
const PATIENCE: Duration = Duration::from_secs(120);

/// Builds and runs the program, and leaves its core in `dir`.
pub(crate) fn make(recipe: &Recipe, dir: &Path) -> Result<Truth, MakeError> {
    // a case that changes its user writes its core and facts here
    open_to_all(dir, 0o777)?;
    let facts = dir.join("truth.txt");
    fs::write(&facts, "").map_err(io("write", &facts))?;
    open_to_all(&facts, 0o666)?;
    let mut truth = Truth::default();
    let mut command = command(recipe, dir, &facts, &mut truth)?;
    let core = dir.join("core");
    let _maps = raise_max_maps(recipe)?;
    truth.started = now();
    let end = match recipe.capture {
        Capture::Kernel => kernel(recipe, &mut command, &core)?,
        Capture::Snapshot => snapshot(recipe, &mut command, &core)?,
        Capture::Gcore | Capture::Live => {
            living(recipe, &mut command, &core, &facts)?
        }
    };
    truth.ended = now();
    end.writer.clone_into(&mut truth.writer);
    find_core(dir, &end)?;
    let text = fs::read(&facts).map_err(io("read", &facts))?;
    take_facts(&mut truth, &String::from_utf8_lossy(&text));
    truth.warning = warning(recipe, &end);
    if let Some(kernel) = end.kernel {
        truth.pid = truth.pid.or(Some(end.pid));
        truth.exe.clone_from(&kernel.exe);
        truth.kernel = Some(kernel);
    }
    fs::remove_file(&facts).map_err(io("remove", &facts))?;
    after(recipe, dir)?;
    Ok(truth)
}

/// Says how the process ended.
struct End {
    pid: i32,
    writer: &'static str,
    /// Signal that ended it, 0 for none.
    signal: i32,
    kernel: Option<KernelTruth>,
}

fn open_to_all(path: &Path, mode: u32) -> Result<(), MakeError> {
    let permissions = fs::Permissions::from_mode(mode);
    fs::set_permissions(path, permissions).map_err(io("open to all", path))
}

fn now() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
}

/// Builds what is run, and says how it is run.
fn command(
    recipe: &Recipe,
    dir: &Path,
    facts: &Path,
    truth: &mut Truth,
) -> Result<Command, MakeError> {
    let text = |p: &Path| p.to_string_lossy().into_owned();
    let (exe, mut args) = match &recipe.tool {
        Some(tool) => {
            let file = recipe.src.as_deref().unwrap_or_default();
            (find(tool)?, vec![text(&source_dir().join(file))])
        }
        None => {
            let Built { exe, build_ids } = compile::build(recipe, dir)?;
            truth.build_ids = build_ids;
            (exe, Vec::new())
        }
    };
    args.extend(recipe.args.iter().map(|a| expand(a, &text(dir))));
    let mut command = Command::new(&exe);
    command.args(&args).current_dir(dir).env_clear();
    let mut env = vec![("TRUTH_OUT".to_owned(), text(facts))];
    for name in ["PATH", "HOME"] {
        let value = std::env::var(name).unwrap_or_else(|_| "/".to_owned());
        env.push((name.to_owned(), value));
    }
    let own = recipe.env.iter();
    env.extend(own.map(|(k, v)| (k.clone(), expand(v, &text(dir)))));
    command.envs(env.iter().cloned());
    let errors = dir.join("stderr.txt");
    let file = fs::File::create(&errors).map_err(io("write", &errors))?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
    let arg0 = recipe.arg0.clone().unwrap_or_else(|| text(&exe));
    command.arg0(&arg0);
    truth.env = env.into_iter().collect();
    truth.exe = text(&exe);
    truth.argv = [vec![arg0], args].concat();
    Ok(command)
}

/// Serializes starts: limits and filter are inherited from this process.
static START: Mutex<()> = Mutex::new(());

/// Runs `spawn` with the limits that the recipe's process is to inherit.
fn with_limits<T>(
    recipe: &Recipe,
    spawn: impl FnOnce() -> T,
) -> Result<T, MakeError> {
    let guard = START.lock();
    let all = Rlimit { current: None, maximum: None };
    let core = getrlimit(Resource::Core);
    let most = Rlimit { current: core.maximum, maximum: core.maximum };
    // an unprivileged process may raise its limit only to the hard one
    if setrlimit(Resource::Core, all).is_err() {
        let _ = setrlimit(Resource::Core, most);
    }
    let stack = getrlimit(Resource::Stack);
    if let Some(bytes) = recipe.stack {
        let limit = Rlimit { current: Some(bytes), ..stack };
        setrlimit(Resource::Stack, limit)
            .map_err(|e| MakeError::NoCore(format!("stack limit: {e}")))?;
    }
    let filter = Path::new("/proc/self/coredump_filter");
    let old = fs::read_to_string(filter).unwrap_or_default();
    let wanted = recipe.coredump_filter.as_deref().unwrap_or("0x33");
    fs::write(filter, wanted).map_err(io("write", filter))?;
    let result = spawn();
    let _ = setrlimit(Resource::Stack, stack);
    let _ = fs::write(filter, format!("0x{}", old.trim()));
    drop(guard);
    Ok(result)
}

/// Lets the kernel write the core when the process dies; where it cannot be
/// told to, writes a snapshot.
fn kernel(
    recipe: &Recipe,
    command: &mut Command,
    core: &Path,
) -> Result<End, MakeError> {
    let Some(_plain) = PlainCores::take() else {
        if recipe.coredump_filter.is_some() {
            let why = "kernel.core_pattern cannot be set to a plain file";
            return Err(MakeError::NoCore(why.to_owned()));
        }
        return snapshot(recipe, command, core);
    };
    if recipe.untraced || !may_trace() {
        let mut child = with_limits(recipe, || command.spawn())?
            .map_err(io("start", Path::new(command.get_program())))?;
        let pid = i32::try_from(child.id()).unwrap_or(0);
        let signal = wait(&mut child)?.signal().unwrap_or(0);
        return Ok(End { pid, writer: "kernel", signal, kernel: None });
    }
    traced(recipe, command, |traced| {
        let truth = witness::testify(traced);
        let status = traced.die_of_it()?;
        Ok(End {
            pid: traced.pid,
            writer: "kernel",
            signal: if libc::WIFSIGNALED(status) {
                libc::WTERMSIG(status)
            } else {
                0
            },
            kernel: Some(truth),
        })
    })
}

/// Writes the core on the fatal signal, without the kernel's help.
fn snapshot(
    recipe: &Recipe,
    command: &mut Command,
    core: &Path,
) -> Result<End, MakeError> {
    traced(recipe, command, |traced| {
        let truth = witness::testify(traced);
        let crash = snapshot::write_core(traced, core)?;
        traced.end();
        Ok(End {
            pid: crash.pid,
            writer: "snapshot",
            signal: crash.signal,
            kernel: Some(truth),
        })
    })
}

/// Runs the process to its fatal signal, and `then` with all of it stopped.
fn traced(
    recipe: &Recipe,
    command: &mut Command,
    then: impl FnOnce(&mut Traced) -> Result<End, snapshot::Error> + Send,
) -> Result<End, MakeError> {
    snapshot::on_own_thread(|| {
        let mut traced =
            with_limits(recipe, || Traced::start(command, PATIENCE))??;
        let end = traced
            .run_to_fatal_signal()
            .and_then(|()| traced.stop_all())
            .and_then(|()| then(&mut traced));
        traced.end();
        Ok(end?)
    })
}

/// Returns whether processes may be traced here.
fn may_trace() -> bool {
    static MAY: OnceLock<bool> = OnceLock::new();
    *MAY.get_or_init(|| {
        snapshot::on_own_thread(|| {
            let mut command = Command::new("true");
            let traced = Traced::start(&mut command, PATIENCE);
            traced.is_ok_and(|mut t| {
                t.end();
                true
            })
        })
    })
}

/// Waits for the end of the process, and ends it when it takes too long.
fn wait(child: &mut Child) -> Result<ExitStatus, MakeError> {
    let begin = Instant::now();
    let failed = |e: std::io::Error| MakeError::NoCore(format!("wait: {e}"));
    loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            return Ok(status);
        }
        if begin.elapsed() > PATIENCE {
            child.kill().map_err(failed)?;
            child.wait().map_err(failed)?;
            let why = format!("still running after {PATIENCE:?}");
            return Err(MakeError::NoCore(why));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Takes a core of the living process, by gcore or a snapshot.
fn living(
    recipe: &Recipe,
    command: &mut Command,
    core: &Path,
    facts: &Path,
) -> Result<End, MakeError> {
    let by_gdb = recipe.capture == Capture::Gcore;
    let gcore = if by_gdb { Some(find("gcore")?) } else { None };
    let mut child = with_limits(recipe, || command.spawn())?
        .map_err(io("start", Path::new(command.get_program())))?;
    let taken = wait_ready(facts).and_then(|()| match gcore {
        Some(gcore) => {
            let pid = child.id().to_string();
            let mut gcore = Command::new(gcore);
            run(gcore.arg("-o").arg(core).arg(pid)).map(drop)
        }
        None => Ok(snapshot::live(child.id(), core).map(drop)?),
    });
    let pid = i32::try_from(child.id()).unwrap_or(0);
    // it lives on for as long as it is let; a failed kill shows as a timeout
    let _ = child.kill();
    wait(&mut child)?;
    taken?;
    let writer = if by_gdb { "gcore" } else { "snapshot" };
    Ok(End { pid, writer, signal: 0, kernel: None })
}

/// Waits until the program said that it is where it should be.
fn wait_ready(facts: &Path) -> Result<(), MakeError> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        let text = fs::read(facts).unwrap_or_default();
        if text.split(|b| *b == b'\n').any(|l| l.starts_with(b"ready")) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Err(MakeError::NoCore("the program never got ready".to_owned()))
}

/// Renames `core.PID`, as gcore and some kernels call it.
fn find_core(dir: &Path, end: &End) -> Result<(), MakeError> {
    let core = dir.join("core");
    if core.exists() {
        return Ok(());
    }
    let entries = fs::read_dir(dir).map_err(io("list", dir))?;
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name.to_string_lossy().starts_with("core.") {
            let from = entry.path();
            return fs::rename(&from, &core).map_err(io("rename", &from));
        }
    }
    Err(MakeError::NoCore(format!(
        "no core was written (signal {})",
        end.signal
    )))
}

fn warning(recipe: &Recipe, end: &End) -> Option<String> {
    let wanted = signal_number(recipe.expected_signal()?)?;
    let found = end.signal;
    (found != wanted)
        .then(|| format!("ended by signal {found}, not by {wanted}"))
}

fn signal_number(name: &str) -> Option<i32> {
    let names = [
        ("SIGQUIT", libc::SIGQUIT),
        ("SIGILL", libc::SIGILL),
        ("SIGTRAP", libc::SIGTRAP),
        ("SIGABRT", libc::SIGABRT),
        ("SIGBUS", libc::SIGBUS),
        ("SIGFPE", libc::SIGFPE),
        ("SIGSEGV", libc::SIGSEGV),
        ("SIGSYS", libc::SIGSYS),
    ];
    names.iter().find(|(n, _)| *n == name).map(|(_, number)| *number)
}

fn after(recipe: &Recipe, dir: &Path) -> Result<(), MakeError> {
    let exe = dir.join(recipe.exe_name());
    if recipe.delete_exe {
        fs::remove_file(&exe).map_err(io("remove", &exe))?;
    }
    if let Some(more) = &recipe.replace_exe {
        let src = recipe.src.as_deref().unwrap_or_default();
        let flags = [recipe.all_flags(), more.clone()].concat();
        let cc = super::tools::compiler(recipe);
        compile::compile(&cc, &flags, src, &recipe.libs, &exe)?;
    }
    Ok(())
}

/// Puts `vm.max_map_count` back when dropped.
struct MaxMaps(String);

const MAX_MAPS: &str = "/proc/sys/vm/max_map_count";

fn raise_max_maps(recipe: &Recipe) -> Result<Option<MaxMaps>, MakeError> {
    let Some(wanted) = recipe.max_maps else { return Ok(None) };
    let path = Path::new(MAX_MAPS);
    let old = fs::read_to_string(path).map_err(io("read", path))?;
    if old.trim().parse::<u64>().is_ok_and(|n| n >= wanted) {
        return Ok(None);
    }
    fs::write(path, wanted.to_string()).map_err(io("write", path))?;
    Ok(Some(MaxMaps(old)))
}

impl Drop for MaxMaps {
    fn drop(&mut self) {
        let _ = fs::write(MAX_MAPS, self.0.trim());
    }
}

/// Takes both a snapshot and the kernel's core (returned) of one process.
#[cfg(test)]
pub(crate) fn both_cores(
    command: &mut Command,
    ours: &Path,
) -> (Vec<u8>, snapshot::Crash) {
    let dir = ours.parent().expect("a folder");
    command.current_dir(dir);
    let _plain = PlainCores::take().expect("plain cores");
    let recipe = Recipe::default();
    let mut crash = None;
    traced(&recipe, command, |traced| {
        crash = Some(snapshot::write_core(traced, ours)?);
        traced.die_of_it()?;
        Ok(End { pid: 0, writer: "", signal: 0, kernel: None })
    })
    .expect("it crashes");
    let theirs = fs::read(dir.join("core")).expect("the kernel's core");
    (theirs, crash.expect("a snapshot was written"))
}
