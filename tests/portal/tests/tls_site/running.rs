//! The program, started as a person starts it.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::cards::Cards;

const PATIENCE: Duration = Duration::from_secs(5);

pub struct Running {
    process: Child,
    pub cards: Cards,
    pub authority: PathBuf,
    pub tls12: u16,
    pub tls13: u16,
}

fn portal(trust: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kagibashi-portal"));
    command.args(["tls", "--trust"]).arg(trust);
    command
}

/// What the program says when it does not even start.
pub fn failure(arguments: &[&str], trust: &Path) -> String {
    let output = portal(trust).args(arguments).output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

impl Running {
    pub fn start(options: &[&str]) -> Self {
        let cards = Cards::issue();
        let authority = cards.folder.path().join("authority.pem");
        let mut process = portal(&cards.trust)
            .arg("--ca-out")
            .arg(&authority)
            .args(options)
            // nginx's folder is looked for here.
            .env("TMPDIR", cards.folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut port = |version: &str| -> u16 {
            let line = lines.next().unwrap().unwrap();
            let start = format!("listening-{version} https://portal.localhost:");
            line.strip_prefix(&start)
                .unwrap_or_else(|| panic!("{line:?}"))
                .parse()
                .unwrap()
        };
        let (tls12, tls13) = (port("tls12"), port("tls13"));
        Self {
            process,
            cards,
            authority,
            tls12,
            tls13,
        }
    }

    pub fn signal(&mut self, name: &str) {
        let process = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &process]).status();
        assert!(sent.unwrap().success());
        let _ = self.process.wait();
    }

    /// Where the running nginx keeps its files.
    pub fn nginx_folder(&self) -> Option<PathBuf> {
        std::fs::read_dir(self.cards.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.join("nginx.pid").exists())
    }

    /// Whether nothing listens any more, within bounded time.
    pub fn ports_close(&self) -> bool {
        let start = Instant::now();
        let listens = || {
            [self.tls12, self.tls13]
                .iter()
                .any(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok())
        };
        while listens() {
            if start.elapsed() > PATIENCE {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.process.try_wait() {
            self.signal("TERM");
        }
    }
}
