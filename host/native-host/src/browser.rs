//! The door for browsers: native messaging on stdin and stdout.
//!
//! This thread reads. One worker answers what needs no person, one thread
//! serves the request that does. The end of stdin cancels everything.

mod caller;
mod conversation;
mod operation;
mod outbox;

use std::collections::HashSet;
use std::io::Read;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use kagibashi_card::cancel::Cancel;
use kagibashi_protocol::limit::{MESSAGE_TO_HOST_MAX, WAITING_MAX};
use kagibashi_protocol::message::{MessageToExtension, Outcome};
use kagibashi_protocol::request::{Command, Direct, MessageToHost, Refusal};
use kagibashi_protocol::{ErrorCode, Failure, Text, frame};

pub use caller::Caller;

use crate::agent;
use crate::command::certificate_by_id::CertificateById;
use crate::command::survey::Survey;
use crate::command::{certificate_details, export, modules, status};
use crate::doctor;
use crate::grant::Grants;
use crate::inventory::{Inventory, Keeper, LastSeen, News};
use crate::logins::Logins;
use crate::trust::Trust;
use operation::Operation;
use outbox::Outbox;

/// How long the card may take to let go after the browser has gone.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Serves a browser until its end of the pipe is closed.
pub fn serve(caller: &Caller, grants: Grants, trust: Trust, last_seen: LastSeen) -> ExitCode {
    let outbox = Outbox::to_stdout();
    if !caller.is_ours() {
        tracing::warn!("refused a caller that is not our extension");
        outbox.fail(None, ErrorCode::CallerNotAllowed);
        return ExitCode::FAILURE;
    }
    outbox.send(&MessageToExtension::hello(env!("CARGO_PKG_VERSION")));
    let host = Host::new(outbox, grants, trust, last_seen);
    let outcome = host.read_all(&mut std::io::stdin().lock());
    host.let_go();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(code) => {
            host.outbox.fail(None, code);
            ExitCode::FAILURE
        }
    }
}

/// A request without a person, as it waits for its turn.
struct Errand {
    request: u32,
    command: Direct,
}

/// What commands are carried out with.
#[derive(Clone)]
struct Services {
    grants: Grants,
    trust: Trust,
    inventory: Inventory,
    logins: Logins,
}

struct Host {
    outbox: Outbox,
    services: Services,
    keeper: Keeper,
    errands: SyncSender<Errand>,
    /// Raised when the browser has gone.
    gone: Cancel,
    requests: Requests,
}

/// The ids in use, and the request that has the person.
#[derive(Clone, Default)]
struct Requests {
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    ids: HashSet<u32>,
    operation: Option<Operation>,
}

impl Requests {
    fn lock(&self) -> MutexGuard<'_, Open> {
        // The set is consistent after every statement, so a panic elsewhere
        // does not spoil it.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Frees the id, then answers: whoever reads the answer may ask at once.
    fn end(&self, outbox: &Outbox, request: u32, outcome: Result<Outcome, Failure>) {
        let ended = {
            let mut open = self.lock();
            open.ids.remove(&request);
            open.operation
                .take_if(|operation| operation.request() == request)
        };
        drop(ended);
        outbox.send(&match outcome {
            Ok(result) => MessageToExtension::Response { request, result },
            Err(error) => MessageToExtension::Failure {
                request: Some(request),
                error,
            },
        });
    }
}

impl Host {
    fn new(outbox: Outbox, grants: Grants, trust: Trust, last_seen: LastSeen) -> Self {
        let told = outbox.clone();
        let logins = Logins::new(move |message| told.send(message));
        let inventory = Inventory::for_browser(last_seen, logins.clone());
        let (told, forget) = (outbox.clone(), logins.clone());
        let keeper = inventory.keep(move |news| {
            let message = match news {
                News::Readers(readers) => MessageToExtension::Readers {
                    readers: status::readers_shown(readers),
                },
                News::Inserted(reading) => MessageToExtension::TokenInserted {
                    token: reading.token_shown(),
                },
                News::Removed(removed) => {
                    if !removed.returned {
                        forget.close_in(&removed.reader);
                    }
                    let Some(reading) = &removed.reading else {
                        return;
                    };
                    MessageToExtension::TokenRemoved {
                        token: reading.token_shown(),
                    }
                }
            };
            told.send(&message);
        });
        agent::serve_browser(inventory.clone(), logins.clone());
        let services = Services {
            grants,
            trust,
            inventory,
            logins,
        };
        let (errands, queue) = mpsc::sync_channel::<Errand>(WAITING_MAX);
        let gone = Cancel::new();
        let requests = Requests::default();
        {
            let (outbox, services) = (outbox.clone(), services.clone());
            let (gone, requests) = (gone.clone(), requests.clone());
            thread::spawn(move || {
                for Errand { request, command } in queue {
                    let outcome = unwound(|| run_errand(command, &services, &gone));
                    requests.end(&outbox, request, outcome);
                }
            });
        }
        Self {
            outbox,
            services,
            keeper,
            errands,
            gone,
            requests,
        }
    }

    /// Reads until the stream ends; the error is why it can't be read on.
    fn read_all(&self, stream: &mut impl Read) -> Result<(), ErrorCode> {
        loop {
            let body = match frame::read(stream, MESSAGE_TO_HOST_MAX) {
                Ok(Some(body)) => body,
                Ok(None) => return Ok(()),
                Err(error) => {
                    tracing::warn!(%error, "the extension's stream can't be read on");
                    return Err(error.code());
                }
            };
            match MessageToHost::parse(&body) {
                Ok(message) => self.take(message),
                Err(Refusal { request, failure }) => {
                    tracing::warn!(%failure, "refused a message");
                    self.outbox.send(&MessageToExtension::Failure {
                        request,
                        error: failure,
                    });
                }
            }
        }
    }

    fn take(&self, message: MessageToHost) {
        match message {
            MessageToHost::Request { request, command } => {
                if let Err(code) = self.begin(request, command) {
                    self.outbox.fail(Some(request), code);
                }
            }
            MessageToHost::Answer {
                request,
                prompt,
                answer,
            } => self.with_operation(request, |operation| operation.answer(prompt, answer)),
            MessageToHost::Cancel { request, reason } => {
                self.with_operation(request, |operation| operation.end(reason));
            }
        }
    }

    /// An answer or a cancel for a request that has just ended is nobody's
    /// fault and needs no reply.
    fn with_operation(&self, request: u32, act: impl FnOnce(&Operation)) {
        let open = self.requests.lock();
        if let Some(operation) = open.operation.as_ref().filter(|it| it.request() == request) {
            act(operation);
        }
    }

    fn begin(&self, request: u32, command: Command) -> Result<(), ErrorCode> {
        let mut open = self.requests.lock();
        if open.ids.contains(&request) {
            return Err(ErrorCode::RequestInUse);
        }
        match command {
            Command::Prompting(command) => {
                if open.operation.is_some() {
                    return Err(ErrorCode::Busy);
                }
                open.ids.insert(request);
                let (outbox, services) = (self.outbox.clone(), self.services.clone());
                let requests = self.requests.clone();
                open.operation = Some(Operation::begin(
                    request, command, outbox, services, requests,
                ));
            }
            Command::Direct(command) => {
                self.errands
                    .try_send(Errand { request, command })
                    .map_err(|_| ErrorCode::TooManyRequests)?;
                open.ids.insert(request);
            }
        }
        Ok(())
    }

    /// Cancels what is going on and waits, not for ever, until the card is
    /// free.
    fn let_go(&self) {
        self.gone.cancel();
        self.keeper.end();
        self.services.logins.end();
        let finished = {
            let open = self.requests.lock();
            let Some(operation) = &open.operation else {
                return;
            };
            operation.end(ErrorCode::PageGone);
            operation.finished()
        };
        if !finished.wait(LAST_WORDS) {
            tracing::warn!("the card did not let go in time");
        }
    }
}

fn run_errand(command: Direct, services: &Services, gone: &Cancel) -> Result<Outcome, Failure> {
    let Services {
        grants,
        trust,
        inventory,
        logins,
    } = services;
    match command {
        Direct::Status => status::status(),
        Direct::Tokens => Survey::in_passing(gone, inventory).map(|survey| Outcome::Tokens {
            tokens: survey.tokens,
        }),
        Direct::Certificates => Survey::in_passing(gone, inventory).map(Survey::into_outcome),
        Direct::LogOut { token: None } => Ok(Outcome::LogOut {
            ended: logins.close_all(),
        }),
        Direct::LogOut { token: Some(token) } => Ok(Outcome::LogOut {
            ended: usize::from(logins.close(&Text::from(token))),
        }),
        Direct::CertificateDetails { certificate } => {
            let certificate = CertificateById::find(&certificate, inventory, gone)?;
            certificate_details::details(&certificate)
                .map(|details| Outcome::CertificateDetails(Box::new(details)))
        }
        Direct::ExportCertificate {
            certificate,
            format,
        } => {
            let certificate = CertificateById::find(&certificate, inventory, gone)?;
            let folder = export::folder().ok_or(ErrorCode::FileNotWritten)?;
            export::into_folder(&certificate, format, &folder)
        }
        Direct::TrustAuthority { certificate } => {
            let certificate = CertificateById::find(&certificate, inventory, gone)?;
            let stores = trust.give(&certificate)?;
            Ok(Outcome::TrustAuthority { stores })
        }
        Direct::DistrustAuthority { certificate } => {
            trust.take_back(&certificate).map(|()| Outcome::Done {})
        }
        Direct::TrustedAuthorities => trust
            .list()
            .map(|authorities| Outcome::TrustedAuthorities { authorities }),
        Direct::Diagnose { language } => {
            let logged_in = |reader: &str| inventory.is_logged_in(reader);
            let _turn = inventory.turn();
            let checks = doctor::checks(language.into(), &logged_in);
            let checks = checks.map_err(|_| ErrorCode::HostFault)?;
            Ok(Outcome::Diagnose { checks })
        }
        Direct::Modules(errand) => {
            let _turn = inventory.turn();
            modules::run(errand, gone)
        }
        Direct::Grants => grants.list().map(|grants| Outcome::Grants { grants }),
        Direct::RevokeGrant { origin } => grants
            .revoke(&origin)
            .map(|revoked| Outcome::RevokeGrant { revoked }),
    }
}

/// A panic in a command is that request's failure, not the host's end.
fn unwound(act: impl FnOnce() -> Result<Outcome, Failure>) -> Result<Outcome, Failure> {
    panic::catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|_| Err(ErrorCode::HostFault.into()))
}
