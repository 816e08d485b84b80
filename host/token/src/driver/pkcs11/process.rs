//! The process of a module, from the host's side: started, asked with a time limit, and killed when
//! it does not answer, or answers rubbish.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use kagibashi_card::cancel::Cancel;

use super::bell::Bell;
use super::messages::{Answer, Library, Numbered, Request, Trouble, receive, send};
use super::trouble::ModuleTrouble;

/// How often a flag is looked at that asks for the end.
const LOOK_AT_FLAG: Duration = Duration::from_millis(50);

/// Set for the process of a module: should our own module be loaded there by a detour, it knows
/// that it would ask for itself.
pub const INSIDE: &str = "KAGIBASHI_MODULE_WORKER";

/// The program that runs a module, which comes as its last argument; it calls [`serve`](super::serve).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerProgram {
    /// The program.
    pub program: PathBuf,
    /// What comes before the module.
    pub arguments: Vec<OsString>,
}

/// How long a module may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// To be loaded and initialised.
    pub start: Duration,
    /// To say which tokens there are.
    pub look: Duration,
    /// To tell what is on one, to take or to change a PIN, to sign.
    pub work: Duration,
    /// The same while a person types a PIN at the token itself.
    pub person: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            start: Duration::from_secs(20),
            look: Duration::from_secs(10),
            work: Duration::from_secs(30),
            person: Duration::from_mins(2),
        }
    }
}

/// The process of a module that has been loaded.
pub struct Process {
    child: Child,
    requests: ChildStdin,
    answers: Receiver<io::Result<Numbered<Answer>>>,
    last: u32,
    /// What the module said of itself.
    pub library: Library,
    /// Whether it tells of tokens that come and go; `None` if it has not been asked to.
    pub watches: Option<bool>,
}

impl Process {
    /// Starts the program and waits until it has loaded the module. What it tells without being
    /// asked rings the bell.
    pub fn start(
        program: &WorkerProgram,
        module: &Path,
        limits: &Limits,
        bell: Arc<Bell>,
        cancel: &Cancel,
    ) -> Result<Self, ModuleTrouble> {
        let mut child = Command::new(&program.program)
            .args(&program.arguments)
            .arg(module)
            .env(INSIDE, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| ModuleTrouble::NotStarted(error.to_string()))?;
        let (Some(requests), Some(mut pipe)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(ModuleTrouble::NotStarted("it has no pipes".into()));
        };
        let (sender, answers) = mpsc::channel();
        thread::spawn(move || {
            loop {
                let answer = match receive(&mut pipe) {
                    Ok(Some(Numbered {
                        message: Answer::SlotEvent,
                        ..
                    })) => {
                        bell.ring();
                        continue;
                    }
                    Ok(Some(answer)) => Ok(answer),
                    Ok(None) => return,
                    Err(error) => Err(error),
                };
                let over = answer.is_err();
                if sender.send(answer).is_err() || over {
                    return;
                }
            }
        });
        let mut process = Self {
            child,
            requests,
            answers,
            last: 0,
            library: Library {
                manufacturer: String::new(),
                description: String::new(),
                version: String::new(),
            },
            watches: None,
        };
        match process.wait(limits.start, cancel)? {
            Answer::Loaded(library) => process.library = library,
            Answer::Trouble(trouble) => return Err(ModuleTrouble::of_start(trouble)),
            _ => return Err(ModuleTrouble::Rubbish),
        }
        tracing::debug!(process = process.child.id(), "a module has been loaded");
        Ok(process)
    }

    /// Whether it is still there, as far as can be seen.
    pub fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Has it tell of tokens that come and go, if the module does.
    pub fn watch(&mut self, limits: &Limits, cancel: &Cancel) -> Result<(), ModuleTrouble> {
        // Should it fail, it may be because it waits.
        self.watches = Some(true);
        match self.ask(Request::Watch, limits.look, cancel)? {
            Ok(Answer::Watching(watches)) => self.watches = Some(watches),
            Err(_) => {}
            Ok(_) => return Err(ModuleTrouble::Rubbish),
        }
        tracing::debug!(process = self.child.id(), watches = self.watches, "asked");
        Ok(())
    }

    /// Asks, and waits for the answer. After a failure the process is of no use any more.
    pub fn ask(
        &mut self,
        request: Request,
        limit: Duration,
        cancel: &Cancel,
    ) -> Result<Result<Answer, Trouble>, ModuleTrouble> {
        self.last += 1;
        let message = Numbered {
            number: self.last,
            message: request,
        };
        send(&mut self.requests, &message).map_err(|_| ModuleTrouble::Crashed)?;
        drop(message);
        Ok(match self.wait(limit, cancel)? {
            Answer::Trouble(trouble) => Err(trouble),
            answer => Ok(answer),
        })
    }

    fn wait(&mut self, limit: Duration, cancel: &Cancel) -> Result<Answer, ModuleTrouble> {
        let end = Instant::now() + limit;
        loop {
            if cancel.is_cancelled() {
                return Err(ModuleTrouble::Cancelled);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ModuleTrouble::Silent { limit });
            }
            match self.answers.recv_timeout(left.min(LOOK_AT_FLAG)) {
                Ok(Ok(answer)) if answer.number == self.last => return Ok(answer.message),
                Ok(_) => return Err(ModuleTrouble::Rubbish),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(ModuleTrouble::Crashed),
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may hang, and may have been asked for something: it is not waited for.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
