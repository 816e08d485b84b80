//! Unix sockets in a folder of the user's own.

use std::env;
use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::{AcceptError, BindError, ConnectError, FolderError, Name, Peer};

/// How long a full queue of callers may keep one waiting.
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);

/// `$XDG_RUNTIME_DIR/kagibashi`, or one in the folder for temporary files.
pub fn folder_of_user() -> PathBuf {
    match env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from) {
        // The XDG Base Directory Specification has relative paths ignored.
        Some(folder) if folder.is_absolute() => folder.join("kagibashi"),
        _ => env::temp_dir().join(format!("kagibashi-{}", geteuid().as_raw())),
    }
}

/// Opens the folder if it belongs to this user alone.
///
/// What is looked at is what was opened, so nobody can put something else in
/// its place in between.
fn open_folder(path: &Path) -> Result<File, FolderError> {
    let unusable = |source: io::Error| FolderError::Unusable {
        path: path.to_owned(),
        source,
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = match open(path, flags, Mode::empty()) {
        Ok(folder) => File::from(folder),
        Err(Errno::NOTDIR | Errno::LOOP) => {
            return Err(FolderError::NotAFolder {
                path: path.to_owned(),
            });
        }
        Err(Errno::ACCESS) => {
            // Whose it is says more than that it can't be opened.
            return Err(match fs::symlink_metadata(path) {
                Ok(data) => judge(path, &data)
                    .err()
                    .unwrap_or_else(|| unusable(ErrorKind::PermissionDenied.into())),
                Err(error) => unusable(error),
            });
        }
        Err(error) => return Err(unusable(error.into())),
    };
    judge(path, &folder.metadata().map_err(unusable)?)?;
    Ok(folder)
}

fn judge(path: &Path, data: &fs::Metadata) -> Result<(), FolderError> {
    let path = path.to_owned();
    let mode = data.mode() & 0o7777;
    if !data.is_dir() {
        Err(FolderError::NotAFolder { path })
    } else if data.uid() != geteuid().as_raw() {
        let owner = data.uid();
        Err(FolderError::OtherOwner { path, owner })
    } else if mode & 0o777 != 0o700 {
        Err(FolderError::OpenToOthers { path, mode })
    } else {
        Ok(())
    }
}

fn make_folder(path: &Path) -> Result<File, FolderError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(source) => {
            return Err(FolderError::Unusable {
                path: path.to_owned(),
                source,
            });
        }
    }
    open_folder(path)
}

/// A socket that callers come to. Dropping it takes it away.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    path: PathBuf,
    name: Name,
}

impl Listener {
    pub(super) fn bind(folder: &Path, name: Name) -> Result<Self, BindError> {
        let lock = make_folder(folder)?;
        // Two that find the same dead socket must not take away each other's
        // new one.
        flock(&lock, FlockOperation::LockExclusive).map_err(io::Error::from)?;
        let path = folder.join(name.to_string());
        let socket = match UnixListener::bind(&path) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                if !is_dead(&path) {
                    return Err(BindError::InUse(name));
                }
                fs::remove_file(&path)?;
                UnixListener::bind(&path)?
            }
            other => other?,
        };
        Ok(Self { socket, path, name })
    }

    /// The next caller. Whoever is not of the same user, or comes to a
    /// browser's host without being that browser, is hung up on.
    pub fn accept(&self) -> Result<(Stream, Peer), AcceptError> {
        let (socket, _) = self.socket.accept()?;
        let peer = peer(&socket)?;
        let rightful = match self.name {
            // Where the system tells no number, the user must do.
            Name::Browser(browser) => peer.pid.is_none_or(|pid| pid == browser),
            Name::Agent => true,
        };
        if !rightful || !peer.same_user {
            return Err(AcceptError::Stranger(peer));
        }
        Ok((Stream::new(socket), peer))
    }

    /// Whether a caller comes within that time; `accept` then does not block.
    pub fn wait(&self, patience: Duration) -> io::Result<bool> {
        readable(&self.socket, patience)
    }
}

/// Whether a socket's process has gone. What is no socket at all, and a full
/// queue of callers, do not count as dead.
fn is_dead(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|data| data.file_type().is_socket())
        && connect_bounded(path).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Before the socket is closed: as long as it lives nobody else can
        // have put another in its place.
        drop(fs::remove_file(&self.path));
    }
}

fn readable(socket: impl AsFd, patience: Duration) -> io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let patience = Timespec::try_from(patience).map_err(|_| ErrorKind::InvalidInput)?;
    match poll(&mut [PollFd::new(&socket, PollFlags::IN)], Some(&patience)) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A connection to one whose credentials were looked at.
///
/// Reads and writes fail with `TimedOut` when [`Stream::within`] has set a
/// time and it is over; a sender of single bytes wins no more of it.
#[derive(Debug)]
pub struct Stream {
    socket: UnixStream,
    deadline: Option<Instant>,
}

impl Stream {
    fn new(socket: UnixStream) -> Self {
        Self {
            socket,
            deadline: None,
        }
    }

    pub(super) fn connect(folder: &Path, name: Name) -> Result<Self, ConnectError> {
        match open_folder(folder) {
            Ok(_) => {}
            Err(FolderError::Unusable { source, .. }) if source.kind() == ErrorKind::NotFound => {
                return Err(ConnectError::Nobody(name));
            }
            Err(error) => return Err(error.into()),
        }
        let socket = match connect_bounded(&folder.join(name.to_string())) {
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::ConnectionRefused
                ) =>
            {
                return Err(ConnectError::Nobody(name));
            }
            other => other?,
        };
        let peer = peer(&socket)?;
        let rightful = match name {
            Name::Browser(browser) => is_child(peer, browser),
            Name::Agent => true,
        };
        if !rightful || !peer.same_user {
            return Err(ConnectError::Stranger(peer));
        }
        Ok(Self::new(socket))
    }

    /// Everything read or written from now on must be done within that time.
    pub fn within(&mut self, patience: Option<Duration>) {
        self.deadline = patience.map(|patience| Instant::now() + patience);
    }

    /// What ends the connection from another thread.
    pub fn hang_up(&self) -> io::Result<HangUp> {
        self.socket.try_clone().map(HangUp)
    }

    fn time_left(&self) -> io::Result<Option<Duration>> {
        match self.deadline {
            None => Ok(None),
            Some(deadline) => match deadline.saturating_duration_since(Instant::now()) {
                Duration::ZERO => Err(ErrorKind::TimedOut.into()),
                left => Ok(Some(left)),
            },
        }
    }
}

/// The system says `WouldBlock` when a socket's time is over.
fn timed_out(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::WouldBlock {
        ErrorKind::TimedOut.into()
    } else {
        error
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(self.time_left()?)?;
        self.socket.read(buffer).map_err(timed_out)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(self.time_left()?)?;
        send(&self.socket, bytes).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Ends a connection, whoever is just reading from it.
#[derive(Debug)]
pub struct HangUp(UnixStream);

impl HangUp {
    /// Both ends read the end of the stream at once.
    pub fn now(&self) {
        // It may have ended by itself.
        drop(self.0.shutdown(Shutdown::Both));
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn send(socket: &UnixStream, bytes: &[u8]) -> io::Result<usize> {
    // The module lives in foreign processes, where SIGPIPE may kill.
    Ok(rustix::net::send(
        socket,
        bytes,
        rustix::net::SendFlags::NOSIGNAL,
    )?)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn send(mut socket: &UnixStream, bytes: &[u8]) -> io::Result<usize> {
    // The standard library sets SO_NOSIGPIPE on every socket here.
    socket.write(bytes)
}

/// Connects without waiting for ever where a listener does not take callers.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn connect_bounded(path: &Path) -> io::Result<UnixStream> {
    use rustix::net::{
        AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with,
        sockopt::{Timeout, set_socket_timeout},
    };
    let socket = socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    set_socket_timeout(&socket, Timeout::Send, Some(CONNECT_PATIENCE))?;
    connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket.into())
}

/// Here a full queue refuses at once.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn connect_bounded(path: &Path) -> io::Result<UnixStream> {
    let _ = CONNECT_PATIENCE;
    UnixStream::connect(path)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn peer(socket: &UnixStream) -> io::Result<Peer> {
    let credentials = rustix::net::sockopt::socket_peercred(socket)?;
    Ok(Peer {
        pid: u32::try_from(credentials.pid.as_raw_nonzero().get()).ok(),
        same_user: credentials.uid == geteuid(),
    })
}

#[cfg(target_os = "macos")]
fn peer(socket: &UnixStream) -> io::Result<Peer> {
    use nix::sys::socket::{getsockopt, sockopt};
    let credentials = getsockopt(socket, sockopt::LocalPeerCred)?;
    let pid = getsockopt(socket, sockopt::LocalPeerPid)?;
    Ok(Peer {
        pid: u32::try_from(pid).ok(),
        same_user: credentials.uid() == geteuid().as_raw(),
    })
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos")))]
fn peer(_: &UnixStream) -> io::Result<Peer> {
    Err(ErrorKind::Unsupported.into())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_child(peer: Peer, parent: u32) -> bool {
    peer.pid.and_then(parent_of) == Some(parent)
}

/// There is no way without unsafe code to ask for another's parent here; the
/// same user must do.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_child(_: Peer, _: u32) -> bool {
    true
}

/// The parent of a process (proc(5), `/proc/pid/stat`).
#[cfg(any(target_os = "linux", target_os = "android"))]
fn parent_of(process: u32) -> Option<u32> {
    let stat = fs::read(format!("/proc/{process}/stat")).ok()?;
    // The name in parentheses may hold anything, also parentheses.
    let after_name = stat.iter().rposition(|byte| *byte == b')')? + 1;
    let rest = std::str::from_utf8(&stat[after_name..]).ok()?;
    rest.split_ascii_whitespace().nth(1)?.parse().ok()
}
