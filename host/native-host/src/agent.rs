//! The door for the PKCS#11 module: the same tokens, over a local socket.
//!
//! A browser's host asks the person for the PIN in the extension's window; the
//! agent for all other programs takes it from the program's `C_Login`.

mod connection;
mod module_logins;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use kagibashi_protocol::agent::{AcceptError, Listener, LoginBy, MeetingPlace, Name};

use crate::inventory::{Inventory, News, Removed};
use crate::logins::Logins;
use connection::serve;
use module_logins::ModuleLogins;

/// Connections at one time; one program seldom has more than a few.
const CONNECTIONS_MAX: usize = 256;

/// How long the agent for other programs stays without a connection.
const IDLE: Duration = Duration::from_mins(1);

/// What a connection is answered from.
#[derive(Clone)]
pub struct Desk {
    /// The tokens.
    pub inventory: Inventory,
    /// Who signs.
    pub signer: Signer,
}

/// Where the PIN comes from.
#[derive(Clone)]
pub enum Signer {
    /// From the extension's window.
    Window(Logins),
    /// From the program.
    Module(ModuleLogins),
}

impl Signer {
    /// What the module is told of it.
    pub fn login_by(&self) -> LoginBy {
        match self {
            Self::Window(_) => LoginBy::Window,
            Self::Module(_) => LoginBy::Module,
        }
    }
}

/// Serves the module in the browser that has started this process, as long as
/// the process lives. Without a meeting place there is no TLS, and everything
/// else goes on.
pub fn serve_browser(inventory: Inventory, logins: Logins) {
    let desk = Desk {
        inventory,
        signer: Signer::Window(logins),
    };
    match MeetingPlace::of_user().listen(name_of_browser()) {
        Ok(listener) => {
            thread::spawn(move || accept(&listener, &desk, &Arc::default()));
        }
        Err(error) => tracing::warn!(%error, "the PKCS#11 module can't be served"),
    }
}

#[cfg(unix)]
fn name_of_browser() -> Name {
    Name::of_parent()
}

/// Without a known parent nobody can find this host, which does no harm.
#[cfg(windows)]
fn name_of_browser() -> Name {
    Name::of_parent().unwrap_or(Name::Browser(0))
}

/// Runs `kagibashi agent`: serves all programs but browsers until none has
/// been connected for a while.
pub fn run() -> io::Result<()> {
    let inventory = Inventory::empty();
    let logins = ModuleLogins::default();
    let listener = MeetingPlace::of_user()
        .listen(Name::Agent)
        .map_err(io::Error::other)?;
    let forget = logins.clone();
    let keeper = inventory.keep(move |news| {
        if let News::Removed(Removed {
            reading: Some(reading),
            ..
        }) = news
        {
            forget.removed(&reading.id);
        }
    });
    let desk = Desk {
        inventory,
        signer: Signer::Module(logins.clone()),
    };
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    thread::spawn(move || accept(&listener, &desk, &counted));
    let mut last_seen = Instant::now();
    while last_seen.elapsed() < IDLE {
        thread::sleep(IDLE / 30);
        if connections.load(Ordering::Relaxed) > 0 {
            last_seen = Instant::now();
        }
    }
    keeper.end();
    logins.close_all();
    Ok(())
}

fn accept(listener: &Listener, desk: &Desk, connections: &Arc<AtomicUsize>) {
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                if connections.load(Ordering::Relaxed) >= CONNECTIONS_MAX {
                    tracing::warn!("too many connections of the PKCS#11 module");
                    continue;
                }
                let guest = Guest::welcome(desk, connections);
                thread::spawn(move || serve(stream, &guest));
            }
            Err(AcceptError::Stranger(peer)) => {
                tracing::warn!(?peer, "hung up on a stranger");
            }
            Err(AcceptError::System(error)) => {
                tracing::warn!(%error, "the PKCS#11 module is served no more");
                return;
            }
        }
    }
}

/// A connected program, counted as long as this lives.
pub struct Guest {
    desk: Desk,
    /// No other connection of this host has it.
    number: u64,
    connections: Arc<AtomicUsize>,
}

impl Guest {
    fn welcome(desk: &Desk, connections: &Arc<AtomicUsize>) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        connections.fetch_add(1, Ordering::Relaxed);
        Self {
            desk: desk.clone(),
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            connections: Arc::clone(connections),
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        if let Signer::Module(logins) = &self.desk.signer {
            logins.went(self.number);
        }
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }
}
