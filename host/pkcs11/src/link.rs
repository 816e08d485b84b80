//! The way to the host: which one it is, and what it tells of the tokens.

mod program;
mod start;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kagibashi_protocol::agent::endpoint::HangUp;
use kagibashi_protocol::agent::{
    AgentError, Answer, Client, ConnectError, LoginBy, MeetingPlace, Name, PATIENCE, Question,
    SlotToken,
};

use crate::lock::lock;

/// After a host was too slow, or none could be started: how long not to try
/// again, as every look would take as long.
const REST: Duration = Duration::from_secs(10);
/// How long after the module was loaded a browser may take to start its host:
/// its first page may be one that wants a certificate.
const BROWSER_STARTS: Duration = Duration::from_secs(10);
/// How long a host that was just started may take to listen.
const START_PATIENCE: Duration = Duration::from_secs(3);
/// How often to see whether it does.
const START_LOOK: Duration = Duration::from_millis(20);

/// What a look at the host has shown.
#[derive(Debug)]
pub enum Look {
    /// Nothing new.
    Same,
    /// There is no host, so there is no token.
    Nothing,
    /// These are the tokens now.
    Tokens {
        /// Which connection it was told on, as each host counts for itself.
        host: u64,
        /// Who asks for the PIN.
        login: LoginBy,
        /// All of them.
        tokens: Vec<SlotToken>,
    },
}

/// The way to the host.
#[derive(Debug)]
pub struct Link {
    place: MeetingPlace,
    /// Whether this process is a browser, which has its own host or none. One
    /// that has had a host once is a browser, whatever it is called.
    in_browser: AtomicBool,
    /// Until when a browser is starting.
    starting_until: Option<Instant>,
    line: Mutex<Line>,
    /// The next look counts, whatever the last one has shown.
    look_anew: AtomicBool,
    /// Ends a look that is going on.
    hang_up: Mutex<End>,
}

/// The connection on which to ask for tokens.
#[derive(Debug, Default)]
struct Line {
    client: Option<Client>,
    /// Counts connections.
    host: u64,
    /// The host's number at the last look.
    change: Option<u64>,
    rest_until: Option<Instant>,
}

#[derive(Debug)]
enum End {
    Open(Option<HangUp>),
    Closed,
}

impl Link {
    /// The way from this process. Nothing is opened yet.
    pub fn of_this_process() -> Self {
        Self {
            place: MeetingPlace::of_user(),
            in_browser: AtomicBool::new(program::is_browser()),
            starting_until: program::is_chromium().then(|| Instant::now() + BROWSER_STARTS),
            line: Mutex::default(),
            look_anew: AtomicBool::new(false),
            hang_up: Mutex::new(End::Open(None)),
        }
    }

    /// Looks, and tells what it sees before anybody else can look.
    pub fn look(&self, tell: impl FnOnce(Look)) {
        let mut line = lock(&self.line);
        tell(self.look_with(&mut line));
    }

    /// Has the next look tell all that it sees, even if it is nothing new.
    pub fn forget_last_look(&self) {
        self.look_anew.store(true, Ordering::Relaxed);
    }

    fn look_with(&self, line: &mut Line) -> Look {
        if line.rest_until.is_some_and(|until| Instant::now() < until) {
            return Look::Nothing;
        }
        line.rest_until = None;
        // A host that has ended is noticed only by asking it: ask the next.
        for _ in 0..2 {
            match self.look_once(line) {
                Ok(look) => return look,
                Err(error) => {
                    line.client = None;
                    line.change = None;
                    match error {
                        AgentError::Gone(_) => {}
                        AgentError::TimedOut
                        | AgentError::Garbled
                        | AgentError::Connect(ConnectError::Nobody(Name::Agent)) => {
                            line.rest_until = Some(Instant::now() + REST);
                            break;
                        }
                        _ => break,
                    }
                }
            }
        }
        Look::Nothing
    }

    fn look_once(&self, line: &mut Line) -> Result<Look, AgentError> {
        if line.client.is_none() {
            let client = self.open()?;
            self.watch(&client)?;
            line.client = Some(client);
            line.host += 1;
        }
        if self.look_anew.swap(false, Ordering::Relaxed) {
            line.change = None;
        }
        let host = line.host;
        let Some(client) = &mut line.client else {
            return Ok(Look::Nothing);
        };
        match client.ask(&Question::Change, PATIENCE)? {
            Answer::Change { change } if line.change == Some(change) => return Ok(Look::Same),
            Answer::Change { .. } => {}
            _ => return Err(AgentError::Garbled),
        }
        match client.ask(&Question::Tokens, PATIENCE)? {
            Answer::Tokens { change, tokens } => {
                line.change = Some(change);
                let login = client.login();
                Ok(Look::Tokens {
                    host,
                    login,
                    tokens,
                })
            }
            _ => Err(AgentError::Garbled),
        }
    }

    /// Lets [`Link::close`] end what is asked on that connection.
    fn watch(&self, client: &Client) -> Result<(), AgentError> {
        let hang_up = client.hang_up().map_err(AgentError::Gone)?;
        match &mut *lock(&self.hang_up) {
            End::Open(last) => *last = Some(hang_up),
            End::Closed => hang_up.now(),
        }
        Ok(())
    }

    /// A new connection to the host that has told of a token with such a
    /// login: a browser's signature must never end up with the agent, or the
    /// other way round.
    pub fn connect(&self, login: LoginBy) -> Result<Client, AgentError> {
        let name = match login {
            LoginBy::Window => Name::Browser(std::process::id()),
            LoginBy::Module => Name::Agent,
        };
        let client = Client::connect(&self.place, name)?;
        if client.login() == login {
            Ok(client)
        } else {
            Err(AgentError::Garbled)
        }
    }

    fn open(&self) -> Result<Client, AgentError> {
        match self.browser_host() {
            Ok(client) => {
                self.in_browser.store(true, Ordering::Relaxed);
                return Ok(client);
            }
            Err(error) if self.in_browser.load(Ordering::Relaxed) => return Err(error),
            // A number that once was a browser's says nothing here.
            Err(_) => {}
        }
        match Client::connect(&self.place, Name::Agent) {
            Err(AgentError::Connect(ConnectError::Nobody(_))) => {}
            other => return other,
        }
        let nobody = || AgentError::from(ConnectError::Nobody(Name::Agent));
        if !start::agent() {
            return Err(nobody());
        }
        let until = Instant::now() + START_PATIENCE;
        while Instant::now() < until {
            match Client::connect(&self.place, Name::Agent) {
                Err(AgentError::Connect(ConnectError::Nobody(_))) => {
                    std::thread::sleep(START_LOOK);
                }
                other => return other,
            }
        }
        Err(nobody())
    }

    /// The host of the browser that this process is. One that is just starting
    /// is waited for.
    fn browser_host(&self) -> Result<Client, AgentError> {
        loop {
            let outcome = Client::connect(&self.place, Name::Browser(std::process::id()));
            let nobody = matches!(outcome, Err(AgentError::Connect(ConnectError::Nobody(_))));
            if !(nobody && self.is_starting()) {
                return outcome;
            }
            std::thread::sleep(START_LOOK);
        }
    }

    fn is_starting(&self) -> bool {
        let closed = matches!(*lock(&self.hang_up), End::Closed);
        !closed
            && self
                .starting_until
                .is_some_and(|until| Instant::now() < until)
    }

    /// Ends everything that is asked, now and later.
    pub fn close(&self) {
        let before = std::mem::replace(&mut *lock(&self.hang_up), End::Closed);
        if let End::Open(Some(hang_up)) = before {
            hang_up.now();
        }
    }
}
