//! Child processes that never outlive this one.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(50);
/// Chromium writes its profile out before it goes.
const GRACE: Duration = Duration::from_secs(5);

static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From here on ctrl-c and termination only raise a flag, so that everything
/// that was started is ended in order ([`Background`]).
pub fn watch_for_interrupts() -> Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let flag = INTERRUPTED.get_or_init(Arc::default);
    let mut signals = vec![SIGINT, SIGTERM];
    #[cfg(unix)]
    signals.push(signal_hook::consts::SIGHUP);
    for signal in signals {
        signal_hook::flag::register(signal, Arc::clone(flag))?;
    }
    Ok(())
}

/// Fails once a person or the system has asked this program to end.
pub fn check_interrupted() -> Result<()> {
    if INTERRUPTED
        .get()
        .is_some_and(|flag| flag.load(Ordering::Relaxed))
    {
        bail!("interrupted");
    }
    Ok(())
}

/// Runs a command to its end, its output going straight to the terminal.
pub fn run(command: &mut Command) -> Result<()> {
    let mut child = Background::start(command.stdin(Stdio::null()))?;
    let status = child.wait()?;
    succeeded(command, status)
}

/// Runs a command that may ask the person at the terminal something, as `sudo`
/// does: it stays in the terminal's own group of processes.
pub fn run_in_foreground(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("starting `{}`", described(command)))?;
    check_interrupted()?;
    succeeded(command, status)
}

/// Runs a command to its end; every line it prints to stdout is passed on and
/// also shown to `line`.
pub fn run_watching(command: &mut Command, mut line: impl FnMut(&str)) -> Result<()> {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = Background::start(command)?;
    let output = child.take_output()?;
    for read in BufReader::new(output).split(b'\n') {
        let read = read.context("reading a program's output")?;
        let text = String::from_utf8_lossy(&read);
        println!("{text}");
        line(&text);
        check_interrupted()?;
    }
    let status = child.wait()?;
    succeeded(command, status)
}

/// Runs a command to its end; what it prints is shown only if it fails.
pub fn run_quietly(command: &mut Command) -> Result<()> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = Background::start(command)?;
    let output = [child.take_output()?, child.take_errors()?]
        .map(|stream| std::thread::spawn(move || std::io::read_to_string(stream)));
    let status = child.wait()?;
    succeeded(command, status).inspect_err(|_| {
        for read in output {
            if let Ok(Ok(text)) = read.join() {
                eprint!("{text}");
            }
        }
    })
}

/// Whether a command runs and succeeds; its output is dropped.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// What a command prints, or nothing where it fails or is not there.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// Whether a program of this name lies in one of the folders of `PATH`, or in
/// those that only root has there.
pub fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .any(|folder| folder.join(program).is_file())
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    bail!("`{}` ended with {status}", described(command))
}

/// The command line as one would type it, for messages.
fn described(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

/// A running program with everything it started; ended when this is dropped.
pub struct Background {
    child: Child,
    name: String,
}

impl Background {
    pub fn start(command: &mut Command) -> Result<Self> {
        // A group of its own, so that its children end with it, and ctrl-c
        // reaches it only by way of this program.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let name = described(command);
        let child = command
            .spawn()
            .with_context(|| format!("starting `{name}`"))?;
        Ok(Self { child, name })
    }

    /// The program's stdout; it must have been started with a pipe for it.
    pub fn take_output(&mut self) -> Result<Box<dyn Read + Send>> {
        let stream = self.child.stdout.take();
        let stream = stream.with_context(|| format!("`{}` has no pipe for stdout", self.name))?;
        Ok(Box::new(stream))
    }

    /// The program's stderr, likewise.
    pub fn take_errors(&mut self) -> Result<Box<dyn Read + Send>> {
        let stream = self.child.stderr.take();
        let stream = stream.with_context(|| format!("`{}` has no pipe for stderr", self.name))?;
        Ok(Box::new(stream))
    }

    /// The program's stdin, likewise.
    pub fn take_input(&mut self) -> Result<Box<dyn Write + Send>> {
        let stream = self.child.stdin.take();
        let stream = stream.with_context(|| format!("`{}` has no pipe for stdin", self.name))?;
        Ok(Box::new(stream))
    }

    /// Waits for the program to end, or for an interrupt.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            check_interrupted()?;
            std::thread::sleep(POLL);
        }
    }

    /// Fails when the program has ended although it should be running.
    pub fn check_running(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("`{}` ended early with {status}", self.name),
        }
    }

    #[cfg(unix)]
    fn signal(&self, name: &str) {
        // The group, by the shell's own `kill`: the standard library can only
        // kill the one process, and only hard.
        let group = self.child.id();
        succeeds(Command::new("sh").args(["-c", &format!("kill -{name} -{group}")]));
    }

    #[cfg(not(unix))]
    fn signal(&mut self, _name: &str) {
        let _ = self.child.kill();
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal("TERM");
            let deadline = Instant::now() + GRACE;
            while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
                std::thread::sleep(POLL);
            }
        }
        // Also what the program left running when it ended by itself.
        self.signal("KILL");
        let _ = self.child.wait();
    }
}

/// Asks again and again until `ready` says yes; fails with `what` when that
/// takes too long, when `program` has ended, or on an interrupt.
pub fn wait_until(
    what: &str,
    program: &mut Background,
    limit: Duration,
    mut ready: impl FnMut() -> bool,
) -> Result<()> {
    let deadline = Instant::now() + limit;
    while !ready() {
        check_interrupted()?;
        program.check_running()?;
        if Instant::now() > deadline {
            bail!("{what}: not within {} s", limit.as_secs());
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::{Background, run, run_quietly, run_watching};
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_a_program_started_ends_with_it() {
        let mut program =
            Background::start(shell("sleep 600 & echo $!; wait").stdout(Stdio::piped())).unwrap();
        let mut grandchild = String::new();
        BufReader::new(program.take_output().unwrap())
            .read_line(&mut grandchild)
            .unwrap();
        let is_alive = || {
            let mut signal = shell(&format!("kill -0 {}", grandchild.trim()));
            signal.stderr(Stdio::null()).status().unwrap().success()
        };
        assert!(is_alive());
        let start = Instant::now();
        drop(program);
        // Whoever adopts the grandchild may take a moment to bury it.
        while is_alive() {
            assert!(start.elapsed() < Duration::from_secs(5), "still running");
        }
    }

    #[test]
    fn failures_are_noticed() {
        for script in ["exit 3", "kill -9 $$"] {
            assert!(run(&mut shell(script)).is_err(), "{script}");
            assert!(run_quietly(&mut shell(script)).is_err(), "{script}");
            assert!(
                run_watching(&mut shell(script), |_| ()).is_err(),
                "{script}"
            );
        }
        assert!(run(&mut Command::new("no-such-program-anywhere")).is_err());
    }

    #[test]
    fn every_line_is_shown_even_if_it_is_no_utf8() {
        let mut lines = Vec::new();
        let mut command = shell(r"printf 'one\ntw\377o\nlast'");
        run_watching(&mut command, |line| lines.push(line.to_owned())).unwrap();
        assert_eq!(lines, ["one", "tw\u{fffd}o", "last"]);
    }
}
