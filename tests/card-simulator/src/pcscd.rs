//! A PC/SC daemon of one's own: nobody else sees it, and many run side by side.
//!
//! Debian's pcscd has its socket's path built in. A mount namespace puts a folder of
//! ours in that place for the daemon alone, and clients find it through the environment
//! variable `PCSCLITE_CSOCK_NAME`. Its only reader is a vpcd on a port of its own.

use std::fs::{self, File};
use std::io;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::vpcd::{Reader, SharedCard};

/// What clients of pcscd read to find its socket.
pub const SOCKET_VARIABLE: &str = "PCSCLITE_CSOCK_NAME";

const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";
const PATIENCE: Duration = Duration::from_secs(10);

/// Name of the reader, as a real token's would be. The driver makes two readers of it,
/// `… 00 00` and `… 00 01`; the card goes into the first.
const READER_NAME: &str = "Feitian ePass2003";

/// Mounts the folder and starts the daemon, which ends when our end of stdin closes,
/// even if we are killed. $1 is the folder, $2 the folder of the configuration.
const START: &str = r#"
if [ -d /run/pcscd ]; then mount --bind "$1/pcscd" /run/pcscd; else mount --bind "$1" /run; fi || exit 1
PATH=$PATH:/usr/sbin pcscd --foreground --error --reader-name-no-serial --config "$2" </dev/null &
read -r _
kill $!
wait
"#;

/// A running daemon; it stops when this is dropped.
#[derive(Debug)]
pub struct PrivatePcscd {
    daemon: Child,
    directory: TempDir,
    port: u16,
    _port_claim: UdpSocket,
}

/// Why there is no daemon.
#[derive(Debug, thiserror::Error)]
pub enum PcscdError {
    /// A program or driver is missing.
    #[error(
        "{0} is missing: install it (Debian: apt-get install pcscd vsmartcard-vpcd util-linux)"
    )]
    Missing(&'static str),
    /// It was started and did not come up.
    #[error("pcscd did not start: {0}")]
    NotStarted(String),
    /// Files, ports or processes refused.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl PrivatePcscd {
    /// Starts a daemon and waits until it listens.
    pub fn start() -> Result<PrivatePcscd, PcscdError> {
        if !Path::new(DRIVER).exists() {
            return Err(PcscdError::Missing("the driver libifdvpcd.so"));
        }
        let directory = tempfile::Builder::new().prefix("pcscd-").tempdir()?;
        let (port, port_claim) = claim_port()?;
        let root = directory.path();
        fs::create_dir(root.join("pcscd"))?;
        fs::create_dir(root.join("readers"))?;
        // Clients may run as another user.
        fs::set_permissions(root, fs::Permissions::from_mode(0o755))?;
        fs::write(
            root.join("readers/vpcd"),
            format!(
                "FRIENDLYNAME \"{READER_NAME}\"\nDEVICENAME /dev/null:0x{port:04X}\n\
                 LIBPATH {DRIVER}\nCHANNELID 0x{port:04X}\n"
            ),
        )?;
        let log = File::create(root.join("log"))?;
        let daemon = namespace()
            .args(["--", "sh", "-c", START, "sh"])
            .arg(root)
            .arg(root.join("readers"))
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => PcscdError::Missing("the program unshare"),
                _ => error.into(),
            })?;
        let mut pcscd = PrivatePcscd {
            daemon,
            directory,
            port,
            _port_claim: port_claim,
        };
        pcscd.wait_until_listening()?;
        Ok(pcscd)
    }

    /// Path of its socket, for `PCSCLITE_CSOCK_NAME`.
    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("pcscd/pcscd.comm")
    }

    /// Where its virtual reader waits for a card: `host:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Name of the reader that a card is inserted into.
    pub fn reader_name(&self) -> String {
        format!("{READER_NAME} 00 00")
    }

    /// Puts a card into the reader.
    pub fn insert(&self, card: SharedCard) -> io::Result<Reader> {
        let mut reader = Reader::new(self.address(), card);
        reader.insert()?;
        Ok(reader)
    }

    /// Puts a card into the other reader.
    pub fn insert_beside(&self, card: SharedCard) -> io::Result<Reader> {
        let mut reader = Reader::new(format!("127.0.0.1:{}", self.port + 1), card);
        reader.insert()?;
        Ok(reader)
    }

    /// What the daemon has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    fn wait_until_listening(&mut self) -> Result<(), PcscdError> {
        let start = Instant::now();
        while !self.socket().exists() {
            let ended = self.daemon.try_wait()?.is_some();
            if ended || start.elapsed() > PATIENCE {
                return Err(PcscdError::NotStarted(self.log()));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for PrivatePcscd {
    fn drop(&mut self) {
        drop(self.daemon.stdin.take());
        // It has nothing to lose; waiting only avoids a zombie.
        let _ = self.daemon.wait();
    }
}

/// `unshare` with a mount namespace; who is not root needs a user namespace for it.
pub fn namespace() -> Command {
    let mut command = Command::new("unshare");
    let root =
        fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    command.arg("--mount");
    if !root {
        command.args(["--user", "--map-root-user"]);
    }
    command
}

/// Finds a port whose neighbour is free too: the driver opens one for each of its two
/// slots. The UDP port of the same number, which nobody else wants, keeps others like us
/// away until the daemon has bound it and as long as it runs.
fn claim_port() -> io::Result<(u16, UdpSocket)> {
    // Below the range from which the kernel hands out ports for connections.
    for port in (20_000..32_000).step_by(2) {
        let free = |port| TcpListener::bind(("0.0.0.0", port)).is_ok();
        if let Ok(claim) = UdpSocket::bind(("127.0.0.1", port))
            && free(port)
            && free(port + 1)
        {
            return Ok((port, claim));
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}
