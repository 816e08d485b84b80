//! The process in which one module runs: it does what it is asked, one request after the other, and
//! knows nothing of hosts and browsers.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use kagibashi_vendor_module::{
    Attribute, Class, Library, ModuleError, ReturnValue, Session, Slot, TokenInfo,
};
use zeroize::Zeroizing;

use super::keys;
use super::messages::{
    Answer, CertificateFacts, Identity, Library as LibraryFacts, Numbered, PinFacts, Request,
    SecretPin, Signature, TokenFacts, Trouble, receive, send,
};
use super::slot_events;

/// What our own module says it is.
const OUR_OWN: &str = "Kagibashi PKCS#11 module";

/// Who our own module says made its slots.
const OUR_SLOTS: &str = "Kagibashi";

/// More certificates of one token are not told.
const CERTIFICATES_MAX: usize = 200;

/// Bytes of a certificate, of a label, and of an identifier.
const CERTIFICATE_MAX: usize = 64 * 1024;
const TEXT_MAX: usize = 1024;

/// How long a PIN is kept for the one signature that its key wants it for a second time.
const PIN_KEPT: Duration = Duration::from_mins(1);

/// How long the module has for its last words when the host has gone.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Loads the module and serves the host at the other ends of the pipes until it goes.
pub fn serve(
    module: &Path,
    requests: impl Read + Send + 'static,
    answers: impl Write + Send + 'static,
) {
    let queue = read_requests(requests);
    let answers = Answers::through(answers);
    let library = match load(module) {
        Ok((library, facts)) => {
            if answers.tell(0, Answer::Loaded(facts)).is_none() {
                return;
            }
            library
        }
        Err(trouble) => {
            answers.tell(0, Answer::Trouble(trouble));
            return;
        }
    };
    let mut worker = Worker {
        library,
        logins: Vec::new(),
        last_login: 0,
        answers: answers.clone(),
    };
    loop {
        let Numbered { number, message } = match queue.recv_timeout(worker.patience()) {
            Ok(request) => request,
            Err(RecvTimeoutError::Timeout) => {
                worker.forget_pins();
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let answer = worker.answer(message).unwrap_or_else(Answer::Trouble);
        if answers.tell(number, answer).is_none() {
            return;
        }
    }
}

/// On a thread of its own, so that the host's end is noticed while the module hangs.
fn read_requests(mut requests: impl Read + Send + 'static) -> Receiver<Numbered<Request>> {
    let (sender, queue) = mpsc::channel();
    thread::spawn(move || {
        while let Ok(Some(request)) = receive(&mut requests) {
            if sender.send(request).is_err() {
                break;
            }
        }
        drop(sender);
        thread::sleep(LAST_WORDS);
        // Not by `exit`: that would run what the module has left for the end.
        std::process::abort();
    });
    queue
}

/// The pipe to the host, for every thread.
pub struct Answers<W> {
    pipe: Arc<Mutex<W>>,
}

impl<W> Clone for Answers<W> {
    fn clone(&self) -> Self {
        Self {
            pipe: Arc::clone(&self.pipe),
        }
    }
}

impl<W: Write> Answers<W> {
    fn through(pipe: W) -> Self {
        Self {
            pipe: Arc::new(Mutex::new(pipe)),
        }
    }

    /// `None` if the host has gone.
    pub fn tell(&self, number: u32, message: Answer) -> Option<()> {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        send(&mut *pipe, &Numbered { number, message }).ok()
    }
}

fn load(module: &Path) -> Result<(Library, LibraryFacts), Trouble> {
    let library = Library::load(module).map_err(|error| Trouble::NotLoaded(error.to_string()))?;
    let info = library.info()?;
    if info.description == OUR_OWN {
        return Err(Trouble::OurOwn);
    }
    let (major, minor) = info.version;
    let facts = LibraryFacts {
        manufacturer: info.manufacturer,
        description: info.description,
        version: format!("{major}.{minor}"),
    };
    Ok((library, facts))
}

/// A login that has been asked for.
struct Login {
    number: u32,
    identity: Identity,
    session: Session,
    pin: Option<KeptPin>,
}

/// Kept for a key that wants it again for each signature.
struct KeptPin {
    /// `None` if the token asks for it by itself.
    pin: Option<Zeroizing<Vec<u8>>>,
    until: Instant,
}

struct Worker<W> {
    library: Library,
    logins: Vec<Login>,
    last_login: u32,
    answers: Answers<W>,
}

impl<W: Write + Send + 'static> Worker<W> {
    fn answer(&mut self, request: Request) -> Result<Answer, Trouble> {
        match request {
            Request::Tokens => self.tokens().map(Answer::Tokens),
            Request::Token(identity) => self.find(&identity).map(|(_, facts)| Answer::Token(facts)),
            Request::Certificates(identity) => {
                self.certificates(&identity).map(Answer::Certificates)
            }
            Request::LogIn(identity, pin) => self.log_in(identity, pin).map(Answer::LoggedIn),
            Request::Sign(identity, wanted) => self.sign(&identity, &wanted).map(Answer::Signature),
            Request::LogOut(identity, number) => {
                self.log_out(|login| login.number == number && login.identity == identity);
                Ok(Answer::Done)
            }
            Request::ChangePin(identity, current, new) => {
                self.change_pin(&identity, &current, &new)?;
                Ok(Answer::Done)
            }
            Request::Watch => self.watch().map(Answer::Watching),
        }
    }

    /// A module that lets nobody else in while it waits hangs here, and not at the next request,
    /// which may have a PIN with it.
    fn watch(&self) -> Result<bool, Trouble> {
        let Some(events) = self.library.slot_events() else {
            return Ok(false);
        };
        let waits = slot_events::begin(events, self.answers.clone());
        if waits {
            self.library.slots_with_token()?;
        }
        Ok(waits)
    }

    /// Tokens that can be used: set up, and with a PIN to log in with.
    fn tokens(&self) -> Result<Vec<TokenFacts>, Trouble> {
        let places = self.places()?;
        let facts = places.into_iter().map(|(_, facts)| facts);
        Ok(facts.collect())
    }

    fn places(&self) -> Result<Vec<(Slot, TokenFacts)>, Trouble> {
        let slots = self.library.slots_with_token()?;
        let mut places = Vec::new();
        for slot in slots {
            let slot_info = self.library.slot_info(slot).ok();
            // A module that gathers others, in a process that we do not know of: the token is here
            // already, and whoever asked for it there would ask us.
            if slot_info
                .as_ref()
                .is_some_and(|it| it.manufacturer == OUR_SLOTS)
            {
                continue;
            }
            // A slot that has changed since is as if it were empty.
            let Ok(info) = self.library.token_info(slot) else {
                continue;
            };
            let flags = info.flags;
            if !flags.initialized || !(flags.login_required || flags.pin_initialized) {
                continue;
            }
            let place = slot_info
                .as_ref()
                .map_or_else(String::new, |it| it.description.clone());
            let hardware = slot_info.is_some_and(|it| it.hardware);
            places.push((slot, facts(info, place, hardware)));
        }
        Ok(places)
    }

    fn find(&self, identity: &Identity) -> Result<(Slot, TokenFacts), Trouble> {
        let places = self.places()?;
        let mut found = places.into_iter();
        found
            .find(|(_, facts)| facts.identity == *identity)
            .ok_or(Trouble::NoToken)
    }

    fn certificates(&self, identity: &Identity) -> Result<Vec<CertificateFacts>, Trouble> {
        let (slot, _) = self.find(identity)?;
        let session = self.library.open_session(slot, false)?;
        let objects = session.objects(Class::Certificate)?;
        let keys = keys::private(&session).unwrap_or_default();
        let mut all = Vec::new();
        for object in objects.into_iter().take(CERTIFICATES_MAX) {
            // One odd certificate does not keep the others from the list.
            let Ok(Some(der)) = session.attribute(object, Attribute::Value, CERTIFICATE_MAX) else {
                continue;
            };
            let read = |attribute| {
                let value = session.attribute(object, attribute, TEXT_MAX);
                value.ok().flatten().unwrap_or_default()
            };
            let label = String::from_utf8_lossy(&read(Attribute::Label)).into_owned();
            let id = read(Attribute::Id);
            all.push(CertificateFacts {
                has_private_key: (!keys.is_empty())
                    .then(|| keys::any_belongs(&keys, &session, &id, &der)),
                authority: session.is_of_authority(object).unwrap_or(false),
                label,
                id,
                der,
            });
        }
        Ok(all)
    }

    fn log_in(&mut self, identity: Identity, pin: Option<SecretPin>) -> Result<u32, Trouble> {
        // A module does not look at a PIN while somebody is logged in.
        self.log_out(|login| login.identity == identity);
        let (slot, facts) = self.find(&identity)?;
        let session = self.library.open_session(slot, false)?;
        let given = pin.as_ref().map(SecretPin::expose);
        if let Err(error) = session.login(given) {
            return Err(self.login_failed(error, slot, facts.pin));
        }
        let wanted_again = keys::any_wants_pin_again(&session);
        let pin = wanted_again.then(|| KeptPin {
            pin: pin.map(|pin| Zeroizing::new(pin.expose().to_vec())),
            until: Instant::now() + PIN_KEPT,
        });
        self.last_login += 1;
        self.logins.push(Login {
            number: self.last_login,
            identity,
            session,
            pin,
        });
        Ok(self.last_login)
    }

    /// What a failed login means; the flags may say more of it than the function.
    fn login_failed(&self, error: ModuleError, slot: Slot, before: PinFacts) -> Trouble {
        match Trouble::from(error) {
            Trouble::PinWrong(_) => {
                let now = self.library.token_info(slot);
                let pin = now.map_or(before, |info| pin_facts(&info));
                if pin.locked {
                    Trouble::PinLocked
                } else {
                    Trouble::PinWrong(pin)
                }
            }
            trouble => trouble,
        }
    }

    fn sign(&mut self, identity: &Identity, wanted: &Signature) -> Result<Vec<u8>, Trouble> {
        let mut logins = self.logins.iter_mut();
        let login = logins
            .find(|login| login.number == wanted.login && login.identity == *identity)
            .ok_or(Trouble::NotLoggedIn)?;
        // Whatever comes of it: a PIN is kept for one signature.
        let pin = login.pin.take();
        let signed = keys::sign(&login.session, wanted, |session| {
            let kept = pin.as_ref().ok_or(Trouble::NotLoggedIn)?;
            let pin = kept.pin.as_ref().map(|pin| pin.as_slice());
            session.login_for_signature(pin).map_err(Trouble::from)
        });
        if matches!(signed, Err(Trouble::NoToken | Trouble::NotLoggedIn)) {
            let number = wanted.login;
            self.log_out(|login| login.number == number);
        }
        signed
    }

    fn log_out(&mut self, which: impl Fn(&Login) -> bool) {
        for login in self.logins.extract_if(.., |login| which(login)) {
            // Without a token there is nothing to log out of.
            drop(login.session.logout());
        }
    }

    fn change_pin(
        &mut self,
        identity: &Identity,
        current: &SecretPin,
        new: &SecretPin,
    ) -> Result<(), Trouble> {
        self.log_out(|login| login.identity == *identity);
        let (slot, facts) = self.find(identity)?;
        let session = self.library.open_session(slot, true)?;
        let changed = session.set_pin(current.expose(), new.expose());
        changed.map_err(|error| self.login_failed(error, slot, facts.pin))
    }

    /// Until when there is nothing to do by itself.
    fn patience(&self) -> Duration {
        let kept = self.logins.iter().filter_map(|login| login.pin.as_ref());
        let next = kept.map(|pin| pin.until).min();
        next.map_or(Duration::from_hours(1), |until| {
            until.saturating_duration_since(Instant::now())
        })
    }

    fn forget_pins(&mut self) {
        let now = Instant::now();
        for login in &mut self.logins {
            login.pin.take_if(|pin| pin.until <= now);
        }
    }
}

fn facts(info: TokenInfo, slot: String, hardware: bool) -> TokenFacts {
    let pin = pin_facts(&info);
    let (major, minor) = info.firmware;
    TokenFacts {
        identity: Identity {
            place: info.serial.is_empty().then(|| slot.clone()),
            model: info.model,
            serial: info.serial,
            label: info.label,
        },
        manufacturer: info.manufacturer,
        firmware: format!("{major}.{minor}"),
        slot,
        hardware,
        pin,
    }
}

fn pin_facts(info: &TokenInfo) -> PinFacts {
    PinFacts {
        set: info.flags.pin_initialized,
        pad: info.flags.pin_pad,
        final_try: info.flags.pin_final_try,
        locked: info.flags.pin_locked,
    }
}

impl From<ModuleError> for Trouble {
    fn from(error: ModuleError) -> Self {
        let Some(value) = error.value() else {
            return match error {
                ModuleError::NotLoaded(_) | ModuleError::NoModule => {
                    Self::NotLoaded(error.to_string())
                }
                error => Self::Nonsense(error.to_string()),
            };
        };
        match value {
            ReturnValue::PIN_INCORRECT | ReturnValue::PIN_INVALID | ReturnValue::PIN_LEN_RANGE => {
                Self::PinWrong(PinFacts::default())
            }
            ReturnValue::PIN_LOCKED => Self::PinLocked,
            ReturnValue::USER_PIN_NOT_INITIALIZED => Self::NoPin,
            ReturnValue::FUNCTION_CANCELED => Self::Cancelled,
            ReturnValue::USER_NOT_LOGGED_IN => Self::NotLoggedIn,
            ReturnValue::SLOT_ID_INVALID
            | ReturnValue::DEVICE_REMOVED
            | ReturnValue::TOKEN_NOT_PRESENT
            | ReturnValue::TOKEN_NOT_RECOGNIZED
            | ReturnValue::SESSION_CLOSED
            | ReturnValue::SESSION_HANDLE_INVALID => Self::NoToken,
            _ => Self::Refused(error.to_string()),
        }
    }
}
