//! The smart card service with the virtual reader that the token plugs into.
//!
//! pcscd always puts its socket under `/run/pcscd`. A mount namespace gives
//! the demo's own pcscd a `/run` that nobody else sees, so the machine's
//! service and its tokens are left alone; clients find it by
//! `PCSCLITE_CSOCK_NAME`. Where namespaces are forbidden, the machine's own
//! service serves.

use crate::process::{Background, output, wait_until};
use anyhow::{Context, Result};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";
/// As a real token calls its reader.
const READER: &str = "Feitian ePass2003";
const SYSTEM_SOCKET: &str = "/run/pcscd/pcscd.comm";
/// As in the reader file that Debian's vsmartcard-vpcd brings.
const SYSTEM_PORT: u16 = 0x8C7B;

/// Run by a shell in the new namespace: $1 the folder for the socket, $2 the
/// folder of the reader's configuration.
const IN_NAMESPACE: &str = "\
    mount -t tmpfs tmpfs /run && mkdir /run/pcscd && mount --bind \"$1\" /run/pcscd && \
    PATH=$PATH:/usr/sbin:/sbin exec pcscd --foreground --config \"$2\"";

pub struct CardService {
    /// The demo's own daemon; none when the machine's serves.
    daemon: Option<Background>,
    folder: PathBuf,
    port: u16,
}

impl CardService {
    /// Starts a private service; its few files go into the folder `temporary`.
    pub fn start(temporary: &Path) -> Result<Self> {
        match start_private(temporary) {
            Ok(service) => Ok(service),
            Err(error) if Path::new(SYSTEM_SOCKET).exists() => {
                println!("demo: using this machine's smart card service ({error:#})");
                Ok(Self {
                    daemon: None,
                    folder: temporary.to_path_buf(),
                    port: SYSTEM_PORT,
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Lets a command find the service.
    pub fn show_to(&self, command: &mut Command) {
        if self.daemon.is_some() {
            command.env("PCSCLITE_CSOCK_NAME", socket(&self.folder));
        }
    }

    /// Where the virtual reader waits for a card, as `HOST:PORT`.
    pub fn slot(&self) -> String {
        format!("{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }
}

fn start_private(folder: &Path) -> Result<CardService> {
    let (sockets, readers) = (folder.join("run"), folder.join("readers"));
    for made in [&sockets, &readers] {
        std::fs::create_dir_all(made).with_context(|| format!("making {}", made.display()))?;
    }
    let port = free_port()?;
    std::fs::write(readers.join("virtual"), reader_configuration(port))?;

    let log_path = folder.join("pcscd.log");
    let log = std::fs::File::create(&log_path)?;
    let mut daemon = Background::start(
        Command::new("unshare")
            .args(namespace_options())
            .args(["--", "sh", "-c", IN_NAMESPACE, "sh"])
            .args([&sockets, &readers])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log),
    )?;
    wait_until(
        "the smart card service's socket",
        &mut daemon,
        Duration::from_secs(10),
        || socket(folder).exists(),
    )
    .with_context(|| {
        let log = std::fs::read_to_string(&log_path).unwrap_or_default();
        format!("starting a private smart card service: {}", log.trim())
    })?;
    Ok(CardService {
        daemon: Some(daemon),
        folder: folder.to_path_buf(),
        port,
    })
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("run").join("pcscd.comm")
}

fn reader_configuration(port: u16) -> String {
    format!(
        "FRIENDLYNAME \"{READER}\"\n\
         DEVICENAME /dev/null:{port:#X}\n\
         LIBPATH {DRIVER}\n\
         CHANNELID {port:#X}\n"
    )
}

/// Root needs a mount namespace only; anybody else one in which they may
/// mount, too.
fn namespace_options() -> &'static [&'static str] {
    if output(Command::new("id").arg("-u")).as_deref() == Some("0") {
        &["--mount"]
    } else {
        &["--user", "--map-root-user", "--mount"]
    }
}

/// The driver makes two slots, each with a port of its own: this one and the
/// next.
fn free_port() -> Result<u16> {
    let is_free = |port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok();
    // Below the range from which the kernel hands out ports for connections,
    // and not where another demo begins to look.
    let first = u16::try_from(std::process::id() % 5_000)? * 2 + 20_000;
    (first..32_000)
        .step_by(2)
        .find(|&port| is_free(port) && is_free(port + 1))
        .context("no two free ports beside each other")
}
