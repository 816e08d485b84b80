//! What a process of ours costs the machine (Linux).

use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use kagibashi_card_simulator::pcscd::{PrivatePcscd, SOCKET_VARIABLE};

use crate::host::{program, soon};

/// The most memory that the process has had, in KiB.
pub fn peak_memory(process: &Child) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line
        .and_then(|line| line.split_whitespace().next())
        .context("no VmHWM")?;
    Ok(kibibytes.parse()?)
}

/// Processor time that the process takes in that time, in clock ticks, of which
/// a second has 100.
pub fn idle_ticks(process: &Child, time: Duration) -> Result<u64> {
    let before = ticks(process)?;
    thread::sleep(time);
    Ok(ticks(process)? - before)
}

/// Fields 14 and 15 of `/proc/<pid>/stat`: in user mode and in the kernel.
fn ticks(process: &Child) -> Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.id()))?;
    // The second field may hold anything, but ends in the last parenthesis.
    let (_, fields) = stat.rsplit_once(')').context("no stat")?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || -> Result<u64> { Ok(fields.next().context("no times")?.parse()?) };
    Ok(next()? + next()?)
}

/// `kagibashi agent`; it ends when this is dropped.
pub struct Agent {
    process: Child,
}

impl Agent {
    /// Starts it for programs with that runtime folder.
    pub fn start(pcscd: &PrivatePcscd, run: &std::path::Path) -> Result<Self> {
        let process = Command::new(program("kagibashi")?)
            .arg("agent")
            .env(SOCKET_VARIABLE, pcscd.socket())
            .env("XDG_RUNTIME_DIR", run)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let agent = Self { process };
        let socket = run.join("kagibashi/agent");
        soon(|| Ok(socket.exists().then_some(())))?;
        Ok(agent)
    }

    /// Its process.
    pub fn process(&self) -> &Child {
        &self.process
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It has nothing to lose.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
