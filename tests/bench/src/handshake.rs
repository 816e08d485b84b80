//! What a TLS handshake costs through the real host and a PC/SC daemon, and
//! what the same signature costs through OpenSC's module.

use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use kagibashi_card_simulator::Card;
use kagibashi_card_simulator::pcscd::{PrivatePcscd, SOCKET_VARIABLE};
use kagibashi_card_simulator::vpcd::Reader;

use crate::host::{self, Host};
use crate::process::{Agent, idle_ticks, peak_memory};
use crate::{PIN, Row};

const OPENSC: &str = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so";

/// How long the host is watched while nothing happens.
const IDLE: Duration = Duration::from_secs(3);

/// Commands to the card at the first handshake, the tries left included.
const FIRST: u64 = 11;
/// Commands to the card at each later one.
const LATER: u64 = 2;

/// All rows for a token whose key works that long.
pub fn measure(card: &Card, key_delay: Duration) -> Result<Vec<Row>> {
    let pcscd = PrivatePcscd::start()?;
    let mut card = card.clone();
    card.faults.key_delay = key_delay;
    let reader = pcscd.insert(Arc::new(Mutex::new(card)))?;
    let mut rows = Vec::new();

    let mut host = Host::start(&pcscd)?;
    let token = host.token()?;
    let mut module = host.module()?;
    let start = Measured::start(&reader);
    for _ in 0..100 {
        host.token()?;
    }
    rows.push(start.end("100 searches for certificates", Some(0)));
    let start = Measured::start(&reader);
    host.log_in(&token, PIN)?;
    host::sign(&mut module, &token)?;
    rows.push(start.end("first handshake", Some(FIRST)));
    let start = Measured::start(&reader);
    host::sign(&mut module, &token)?;
    rows.push(start.end("a later handshake", Some(LATER)));
    let ticks = idle_ticks(host.process(), IDLE)?;
    println!(
        "  host: {} KiB at most; with an open login, {ticks} ticks of 10 ms in {} idle seconds",
        peak_memory(host.process())?,
        IDLE.as_secs()
    );
    drop(host);

    let ours = host::program("libkagibashi_pkcs11.so")?;
    for (name, path) in [
        ("pkcs11-tool, our module", ours.as_path()),
        ("pkcs11-tool, OpenSC's", OPENSC.as_ref()),
    ] {
        let run = tempfile::tempdir()?;
        let agent = if path == ours {
            Some(Agent::start(&pcscd, run.path())?)
        } else {
            None
        };
        let start = Measured::start(&reader);
        let status = Command::new("pkcs11-tool")
            .arg("--module")
            .arg(path)
            .args([
                "--login",
                "--pin",
                PIN,
                "--sign",
                "--mechanism",
                "SHA256-RSA-PKCS",
            ])
            .args([
                "--input-file",
                "/etc/hostname",
                "--output-file",
                "/dev/null",
            ])
            .env(SOCKET_VARIABLE, pcscd.socket())
            .env("XDG_RUNTIME_DIR", run.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .context("pkcs11-tool is needed (Debian: apt-get install opensc)")?;
        ensure!(status.success(), "{name} did not sign");
        rows.push(start.end(name, None));
        if let Some(agent) = agent {
            println!("  agent: {} KiB at most", peak_memory(agent.process())?);
        }
    }
    Ok(rows)
}

/// Counts from a moment on.
struct Measured<'a> {
    reader: &'a Reader,
    commands: u64,
    start: Instant,
}

impl<'a> Measured<'a> {
    fn start(reader: &'a Reader) -> Self {
        let commands = reader.card().commands();
        Self {
            reader,
            commands,
            start: Instant::now(),
        }
    }

    fn end(self, name: &'static str, budget: Option<u64>) -> Row {
        Row {
            name,
            commands: self.reader.card().commands() - self.commands,
            budget,
            time: self.start.elapsed(),
        }
    }
}
