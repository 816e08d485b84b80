//! The request that needs a person: a thread of its own, its inbox, its end.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use kagibashi_card::cancel::Cancel;
use kagibashi_protocol::message::Outcome;
use kagibashi_protocol::object::Site;
use kagibashi_protocol::request::Prompting;
use kagibashi_protocol::view::Answer;
use kagibashi_protocol::{ErrorCode, Failure, Text};

use super::conversation::{Conversation, Inbound};
use super::outbox::Outbox;
use super::{Requests, Services, unwound};
use crate::command::new_pin::With;
use crate::command::{authenticate, log_in, new_pin, sign, signing_certificate};
use crate::prompt::Prompt;
use crate::watch::TokenWatch;

/// A request that is going on.
pub struct Operation {
    request: u32,
    inbox: Sender<Inbound>,
    cancel: Cancel,
    ended_by: EndedBy,
    finished: Finished,
}

/// Why the request was ended from outside, if it was.
#[derive(Clone, Default)]
pub struct EndedBy(Arc<Mutex<Option<ErrorCode>>>);

impl EndedBy {
    fn set(&self, code: ErrorCode) {
        let mut reason = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reason.get_or_insert(code);
    }

    /// The reason, or `cancelled` when none was given.
    pub fn failure(&self) -> Failure {
        let reason = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reason.unwrap_or(ErrorCode::Cancelled).into()
    }
}

/// Tells when the operation's thread has let go of everything.
#[derive(Clone)]
pub struct Finished(Arc<Mutex<Receiver<()>>>);

impl Finished {
    /// False when it took longer than `at_most`.
    pub fn wait(&self, at_most: Duration) -> bool {
        let end = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !matches!(
            end.recv_timeout(at_most),
            Err(mpsc::RecvTimeoutError::Timeout)
        )
    }
}

impl Operation {
    /// Starts the thread.
    pub fn begin(
        request: u32,
        command: Prompting,
        outbox: Outbox,
        services: Services,
        requests: Requests,
    ) -> Self {
        let (inbox, inbound) = mpsc::channel();
        let (running, end) = mpsc::channel::<()>();
        let cancel = Cancel::new();
        let ended_by = EndedBy::default();
        let watch_inbox = inbox.clone();
        let mut conversation = Conversation::new(
            request,
            command.operation(),
            command.origin().map(Site::from),
            outbox.clone(),
            inbound,
            cancel.clone(),
            ended_by.clone(),
        );
        thread::spawn(move || {
            // Whoever waits for a login waits on while the window is taken.
            let _asking = services.logins.asking();
            let outcome = {
                // Watching starts before the first look, so that nothing that
                // happens in between is missed.
                let _watch =
                    TokenWatch::start(move || watch_inbox.send(Inbound::TokensChanged).is_ok());
                unwound(|| run(&command, &services, &mut conversation))
            };
            requests.end(&outbox, request, outcome);
            drop(running);
        });
        Self {
            request,
            inbox,
            cancel,
            ended_by,
            finished: Finished(Arc::new(Mutex::new(end))),
        }
    }

    /// Its id.
    pub fn request(&self) -> u32 {
        self.request
    }

    /// The person answered prompt number `prompt`.
    pub fn answer(&self, prompt: u32, answer: Answer) {
        drop(self.inbox.send(Inbound::Answer { prompt, answer }));
    }

    /// Ends it: the card stops at its next exchange, a question is withdrawn.
    pub fn end(&self, reason: ErrorCode) {
        self.ended_by.set(reason);
        self.cancel.cancel();
        drop(self.inbox.send(Inbound::Ended));
    }

    /// A way to wait for its end without holding it.
    pub fn finished(&self) -> Finished {
        self.finished.clone()
    }
}

fn run(
    command: &Prompting,
    services: &Services,
    prompt: &mut dyn Prompt,
) -> Result<Outcome, Failure> {
    let Services {
        grants,
        inventory,
        logins,
        ..
    } = services;
    match command {
        Prompting::Authenticate(request) => {
            authenticate::authenticate(request, inventory, prompt).map(Outcome::Authenticate)
        }
        Prompting::Sign(request) => sign::sign(request, grants, inventory, prompt),
        Prompting::GetSigningCertificate { .. } => {
            signing_certificate::get_signing_certificate(inventory, prompt)
        }
        Prompting::LogIn(request) => log_in::log_in(request, logins, inventory, prompt),
        Prompting::ChangePin { token } => {
            let token = Text::from(token.as_str());
            new_pin::set(With::CurrentPin, &token, inventory, prompt)
        }
        Prompting::UnblockPin { token } => {
            let token = Text::from(token.as_str());
            new_pin::set(With::Puk, &token, inventory, prompt)
        }
    }
}
