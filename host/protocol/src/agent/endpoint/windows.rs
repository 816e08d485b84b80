//! Named pipes that only this user may open.
//!
//! The host's pipe carries an access list with its owner alone on it; the
//! module looks at the user of the process that made the pipe before it says
//! a word, as anybody may make a pipe of that name first.

use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use interprocess::ConnectWaitMode;
use interprocess::os::windows::named_pipe::{
    DuplexPipeStream, PipeListener, PipeListenerOptions, PipeMode, pipe_mode::Bytes,
};
use interprocess::os::windows::security_descriptor::SecurityDescriptor;
use widestring::U16CString;
use winsafe::guard::CloseHandleGuard;
use winsafe::{ConvertSidToStringSid, HPROCESS, HPROCESSLIST, TokenInfo, co};

use super::{AcceptError, BindError, ConnectError, Name, Peer};

/// How long a busy pipe may keep one waiting.
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);
/// Pipes have no timeouts of their own: how often one is looked at that must
/// not be waited for without end.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Full access for the owner (`OW`, OWNER RIGHTS) and, by `P`, for nobody by
/// inheritance (Security Descriptor String Format).
const OWNER_ONLY: &str = "D:P(A;;GA;;;OW)";

/// Not a folder: what the pipes' names begin with. The user's id keeps the
/// names of different users apart; it protects nothing.
pub fn folder_of_user() -> PathBuf {
    let user = user_of(std::process::id()).unwrap_or_else(|_| "unknown".to_owned());
    PathBuf::from(format!(r"\\.\pipe\kagibashi-{user}"))
}

fn path_of(folder: &Path, name: Name) -> PathBuf {
    let mut path = folder.as_os_str().to_owned();
    path.push(format!("-{name}"));
    PathBuf::from(path)
}

/// A pipe that callers come to.
#[derive(Debug)]
pub struct Listener {
    pipe: PipeListener<Bytes, Bytes>,
    name: Name,
}

impl Listener {
    pub(super) fn bind(folder: &Path, name: Name) -> Result<Self, BindError> {
        let owner_only = U16CString::from_str(OWNER_ONLY).map_err(io::Error::other)?;
        let path = path_of(folder, name);
        let created = PipeListenerOptions::new()
            .path(path.as_path())
            .mode(PipeMode::Bytes)
            .accept_remote(false)
            .security_descriptor(Some(SecurityDescriptor::deserialize(&owner_only)?))
            .create_duplex::<Bytes>();
        match created {
            Ok(pipe) => Ok(Self { pipe, name }),
            // The first instance of a pipe is made exclusively: somebody, we
            // or another, has one.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                Err(BindError::InUse(name))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// As on other systems.
    pub fn accept(&self) -> Result<(Stream, Peer), AcceptError> {
        let pipe = self.pipe.accept()?;
        let peer = peer(pipe.client_process_id()?);
        let rightful = match self.name {
            Name::Browser(browser) => peer.pid == Some(browser),
            Name::Agent => true,
        };
        if !rightful || !peer.same_user {
            return Err(AcceptError::Stranger(peer));
        }
        Ok((Stream::new(pipe)?, peer))
    }
}

/// A connection to one who was looked at; as on other systems.
#[derive(Debug)]
pub struct Stream {
    pipe: DuplexPipeStream<Bytes>,
    deadline: Option<Instant>,
    hung_up: Arc<AtomicBool>,
}

impl Stream {
    fn new(pipe: DuplexPipeStream<Bytes>) -> io::Result<Self> {
        pipe.set_nonblocking(true)?;
        Ok(Self {
            pipe,
            deadline: None,
            hung_up: Arc::default(),
        })
    }

    pub(super) fn connect(folder: &Path, name: Name) -> Result<Self, ConnectError> {
        let path = path_of(folder, name);
        let pipe = match DuplexPipeStream::<Bytes>::connect_by_path_with_wait_mode(
            path.as_path(),
            ConnectWaitMode::Timeout(CONNECT_PATIENCE),
        ) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(ConnectError::Nobody(name));
            }
            other => other?,
        };
        let peer = peer(pipe.server_process_id()?);
        let rightful = match name {
            Name::Browser(browser) => peer.pid.and_then(parent_of) == Some(browser),
            Name::Agent => true,
        };
        if !rightful || !peer.same_user {
            return Err(ConnectError::Stranger(peer));
        }
        Ok(Self::new(pipe)?)
    }

    /// As on other systems.
    pub fn within(&mut self, patience: Option<Duration>) {
        self.deadline = patience.map(|patience| Instant::now() + patience);
    }

    /// What ends the connection from another thread.
    #[allow(clippy::unnecessary_wraps, reason = "other systems may fail")]
    pub fn hang_up(&self) -> io::Result<HangUp> {
        Ok(HangUp(Arc::clone(&self.hung_up)))
    }

    /// Repeats what would block until it does not, the time is over, or
    /// another thread has hung up.
    fn patiently(
        &self,
        mut act: impl FnMut(&DuplexPipeStream<Bytes>) -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            if self.hung_up.load(Ordering::Acquire) {
                return Err(ErrorKind::ConnectionAborted.into());
            }
            match act(&self.pipe) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(0),
                other => return other,
            }
            if self
                .deadline
                .is_some_and(|deadline| Instant::now() >= deadline)
            {
                return Err(ErrorKind::TimedOut.into());
            }
            thread::sleep(LOOK_EVERY);
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.patiently(|mut pipe| pipe.read(buffer))
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.patiently(|mut pipe| match pipe.write(bytes) {
            // A pipe that never blocks says 0 when its buffer is full.
            Ok(0) => Err(ErrorKind::WouldBlock.into()),
            other => other,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        // Waiting until the other end has read everything is not our way.
        Ok(())
    }
}

/// Ends a connection, whoever is just reading from it.
#[derive(Debug)]
pub struct HangUp(Arc<AtomicBool>);

impl HangUp {
    /// The reading thread sees it within milliseconds, and drops the pipe.
    pub fn now(&self) {
        self.0.store(true, Ordering::Release);
    }
}

fn peer(process: u32) -> Peer {
    let ours = user_of(std::process::id());
    let theirs = user_of(process);
    Peer {
        pid: Some(process),
        same_user: matches!((ours, theirs), (Ok(ours), Ok(theirs)) if ours == theirs),
    }
}

/// The security identifier of the user that a process runs as.
fn user_of(process: u32) -> io::Result<String> {
    let of_system = |error: co::ERROR| io::Error::from_raw_os_error(error.raw().cast_signed());
    let process: CloseHandleGuard<HPROCESS> =
        HPROCESS::OpenProcess(co::PROCESS::QUERY_LIMITED_INFORMATION, false, process)
            .map_err(of_system)?;
    let token = process
        .OpenProcessToken(co::TOKEN::QUERY)
        .map_err(of_system)?;
    match token
        .GetTokenInformation(co::TOKEN_INFORMATION_CLASS::User)
        .map_err(of_system)?
    {
        TokenInfo::User(user) => match user.User.Sid() {
            Some(sid) => ConvertSidToStringSid(sid).map_err(of_system),
            None => Err(ErrorKind::NotFound.into()),
        },
        _ => Err(ErrorKind::InvalidData.into()),
    }
}

/// The process that started a process, by the system's list of all.
pub fn parent_of(process: u32) -> Option<u32> {
    let mut all = HPROCESSLIST::CreateToolhelp32Snapshot(co::TH32CS::SNAPPROCESS, None).ok()?;
    all.iter_processes()
        .filter_map(Result::ok)
        .find(|entry| entry.th32ProcessID == process)
        .map(|entry| entry.th32ParentProcessID)
}
