//! The running nginx.

use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::configuration::{CONFIGURATION, PROCESS_ID, SERVER_KEY};

/// Where distributions keep servers, outside of many users' PATH.
const SERVER_FOLDERS: [&str; 2] = ["/usr/sbin", "/usr/local/sbin"];

/// How long nginx may take to come up; it takes some 30 ms.
const START_PATIENCE: Duration = Duration::from_secs(10);

/// How long it may take to go.
const STOP_PATIENCE: Duration = Duration::from_secs(3);

/// Lines of its log that an error message repeats.
const LAST_WORDS: usize = 8;

/// Why there is no nginx.
#[derive(Debug, thiserror::Error)]
pub enum NginxError {
    /// The program is not installed.
    #[error(
        "nginx is missing: there is no `{0}` in PATH, /usr/sbin or /usr/local/sbin. \
         Install it (Debian: apt install nginx-light), or name the program with --nginx"
    )]
    Missing(String),
    /// The system did not start it.
    #[error("cannot start nginx")]
    Start(#[source] io::Error),
    /// It ended by itself.
    #[error("nginx ended ({status}): {said}")]
    Ended {
        /// How.
        status: ExitStatus,
        /// The end of what it said.
        said: String,
    },
    /// It did not come up in time.
    #[error("nginx did not start within {} s", START_PATIENCE.as_secs())]
    Slow,
}

/// Finds a program by name in PATH and where servers are kept, or takes a
/// path as it stands.
pub fn find(name: &str) -> Result<PathBuf, NginxError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(SERVER_FOLDERS.map(PathBuf::from));
    let mut places = if name.contains('/') {
        vec![PathBuf::from(name)]
    } else {
        folders.map(|folder| folder.join(name)).collect()
    };
    places.retain(|place| place.is_file());
    places
        .into_iter()
        .next()
        .ok_or_else(|| NginxError::Missing(name.to_owned()))
}

/// nginx, in the foreground of its own folder. It ends with this value, and
/// with the process that started it.
pub struct Nginx {
    folder: PathBuf,
    process: Child,
    log: JoinHandle<Vec<String>>,
}

impl Nginx {
    /// Starts `program` in `folder`, where its configuration has been
    /// written, and returns once it is in charge of `listeners`. These are
    /// the sockets of the configured ports, already bound: no other program
    /// can take a port in between.
    ///
    /// On Linux nginx ends when the calling thread does, so call this from
    /// the main thread.
    pub async fn start(
        program: &Path,
        folder: &Path,
        listeners: [TcpListener; 2],
    ) -> Result<Self, NginxError> {
        let [first, second] = listeners;
        for listener in [&first, &second] {
            listener.set_nonblocking(true).map_err(NginxError::Start)?;
        }
        // Inherited sockets, the way nginx hands them on when it replaces
        // itself: their numbers in a variable. Standard input and output are
        // the two descriptors that any process can be given.
        let mut process = tied_to_this_process(program)
            .current_dir(folder)
            .args(["-e", "stderr", "-c", CONFIGURATION, "-p"])
            .arg(folder)
            .env("NGINX", "0;1;")
            .stdin(OwnedFd::from(first))
            .stdout(OwnedFd::from(second))
            .stderr(Stdio::piped())
            .spawn()
            .map_err(NginxError::Start)?;
        let log = tokio::spawn(forward(process.stderr.take()));
        let mut nginx = Self {
            folder: folder.to_owned(),
            process,
            log,
        };
        let up = timeout(START_PATIENCE, nginx.comes_up()).await;
        up.unwrap_or(Err(NginxError::Slow))?;
        // Read by now, and not needed again.
        std::fs::remove_file(folder.join(SERVER_KEY)).map_err(NginxError::Start)?;
        Ok(nginx)
    }

    async fn comes_up(&mut self) -> Result<(), NginxError> {
        let running = self.folder.join(PROCESS_ID);
        loop {
            if std::fs::metadata(&running).is_ok_and(|file| file.len() > 0) {
                return Ok(());
            }
            if let Some(status) = self.process.try_wait().map_err(NginxError::Start)? {
                return Err(self.last_words(status).await);
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until nginx ends unasked.
    pub async fn ended(&mut self) -> NginxError {
        match self.process.wait().await {
            Ok(status) => self.last_words(status).await,
            Err(error) => NginxError::Start(error),
        }
    }

    async fn last_words(&mut self, status: ExitStatus) -> NginxError {
        let said = (&mut self.log).await.unwrap_or_default().join("; ");
        NginxError::Ended { status, said }
    }

    /// Ends nginx and waits until it is gone.
    pub async fn stop(mut self) {
        // A SIGTERM, for which the standard library has no call: the master
        // must pass it on. Killed outright, it would leave its worker behind.
        let told = match self.process.id() {
            Some(id) => Command::new("kill").arg(id.to_string()).status().await,
            None => return,
        };
        let gone = async { told.is_ok() && self.process.wait().await.is_ok() };
        if timeout(STOP_PATIENCE, gone).await != Ok(true) {
            tracing::warn!("nginx does not end by itself");
            let _ = self.process.kill().await;
        }
    }
}

/// Linux sends nginx a SIGTERM when its parent dies, however that dies.
#[cfg(target_os = "linux")]
fn tied_to_this_process(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "--"]).arg(program);
    command
}

#[cfg(not(target_os = "linux"))]
fn tied_to_this_process(program: &Path) -> Command {
    Command::new(program)
}

/// Puts nginx's log into ours; returns its last lines when it is over.
async fn forward(stderr: Option<ChildStderr>) -> Vec<String> {
    let mut last = Vec::new();
    let Some(stderr) = stderr else { return last };
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        tracing::info!(target: "nginx", "{line}");
        if last.len() == LAST_WORDS {
            last.remove(0);
        }
        last.push(line);
    }
    last
}
