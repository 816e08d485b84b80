//! `kagibashi-scripted-host`: a host of AGENT.md that does what it is told.
//!
//! `kagibashi-scripted-host browser|agent [TOKEN…]` listens for its parent or
//! for any program, with those tokens plugged in, says `ready`, and reads
//! orders. It ends with its parent, or with the meeting place.

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::os::unix::process::parent_id;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use kagibashi_pkcs11_tests::script::{Changing, Order, Signing};
use kagibashi_pkcs11_tests::token::SoftToken;
use kagibashi_protocol::agent::{
    AcceptError, Answer, LoginBy, MeetingPlace, Name, PROTOCOL_VERSION, QUESTION_MAX, Question,
    Stream,
};
use kagibashi_protocol::error::Failure;
use kagibashi_protocol::{ErrorCode, frame};
use secrecy::ExposeSecret;

/// The PIN of every token.
const PIN: &str = "12345678";

struct Host {
    login: LoginBy,
    change: u64,
    tokens: Vec<SoftToken>,
    signing: Signing,
    changing: Changing,
    count: HashMap<&'static str, usize>,
    open: usize,
}

type Shared = Arc<Mutex<Host>>;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let parent = parent_id();
    let (name, login) = match arguments.next().as_deref() {
        Some("browser") => (Name::Browser(parent), LoginBy::Window),
        Some("agent") => (Name::Agent, LoginBy::Module),
        _ => bail!("browser or agent?"),
    };
    let host = Arc::new(Mutex::new(Host {
        login,
        change: 1,
        tokens: vec![],
        signing: Signing::After(0),
        changing: Changing::Told,
        count: HashMap::new(),
        open: 0,
    }));
    for token in arguments {
        obey(&host, Order::Insert(token.parse()?));
    }
    let listener = MeetingPlace::of_user().listen(name)?;
    println!("ready");
    {
        let host = Arc::clone(&host);
        thread::spawn(move || {
            loop {
                match listener.accept() {
                    Ok((stream, _)) => {
                        let host = Arc::clone(&host);
                        thread::spawn(move || serve(stream, &host));
                    }
                    Err(AcceptError::Stranger(_)) => {}
                    Err(AcceptError::System(_)) => return,
                }
            }
        });
    }
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let Ok(order) = line.parse() else { continue };
            println!("{}", obey(&host, order));
            drop(std::io::stdout().flush());
        }
    });
    let folder = MeetingPlace::of_user().folder().to_owned();
    while parent_id() == parent && folder.exists() {
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn obey(host: &Shared, order: Order) -> String {
    let made = match order {
        Order::Insert(number) => Some(SoftToken::new(number)),
        _ => None,
    };
    let mut host = host.lock().expect("no panics here");
    match order {
        Order::Insert(_) => {
            host.change += 1;
            let since = host.change;
            host.tokens.extend(made.map(|mut token| {
                token.slot.since = since;
                token
            }));
        }
        Order::Remove(number) => {
            host.change += 1;
            let reader = format!("Reader {number}");
            host.tokens
                .retain(|token| token.slot.reader.as_str() != reader);
        }
        Order::Sign(signing) => host.signing = signing,
        Order::Change(changing) => host.changing = changing,
        Order::Count => {
            let count = |name| host.count.get(name).copied().unwrap_or(0).to_string();
            let kinds = ["hello", "change", "tokens", "sign", "login", "logout"];
            let counts = kinds.map(count).join(" ");
            return format!("{counts} {}", host.open);
        }
    }
    "ok".to_owned()
}

fn serve(mut stream: Stream, host: &Shared) {
    host.lock().expect("no panics here").open += 1;
    let mut logged_in = None;
    // However it ends, it ends.
    drop(converse(&mut stream, host, &mut logged_in));
    host.lock().expect("no panics here").open -= 1;
}

/// What a question leads to.
enum Next {
    Say(Answer),
    Raw(Vec<u8>),
    Wait(Answer, Duration),
    Never,
    HangUp,
}

fn converse(
    stream: &mut Stream,
    host: &Shared,
    logged_in: &mut Option<String>,
) -> anyhow::Result<()> {
    while let Some(body) = frame::read(stream, QUESTION_MAX)? {
        let question = Question::parse(&body)?;
        let next = {
            let mut host = host.lock().expect("no panics here");
            *host.count.entry(question.name()).or_default() += 1;
            host.answer(question, logged_in)
        };
        match next {
            Next::Say(answer) => frame::write(stream, &answer.to_bytes())?,
            Next::Raw(bytes) => frame::write(stream, &bytes)?,
            Next::Wait(answer, time) => {
                thread::sleep(time);
                frame::write(stream, &answer.to_bytes())?;
            }
            // Until the module hangs up.
            Next::Never => drop(frame::read(stream, QUESTION_MAX)?.context("gone")?),
            Next::HangUp => return Ok(()),
        }
    }
    Ok(())
}

impl Host {
    fn answer(&mut self, question: Question, logged_in: &mut Option<String>) -> Next {
        match question {
            Question::Hello { .. } => Next::Say(Answer::Hello {
                protocol: PROTOCOL_VERSION,
                login: self.login,
            }),
            Question::Change => match self.changing {
                Changing::Told => Next::Say(Answer::Change {
                    change: self.change,
                }),
                Changing::Never => Next::Never,
                Changing::HangsUp => Next::HangUp,
                Changing::Garbled => Next::Say(Answer::Done),
            },
            Question::Tokens => Next::Say(Answer::Tokens {
                change: self.change,
                tokens: self.tokens.iter().map(|token| token.slot.clone()).collect(),
            }),
            Question::Sign {
                token,
                certificate,
                algorithm,
                digest,
            } => {
                if self.login == LoginBy::Module && logged_in.as_deref() != Some(token.as_str()) {
                    return Next::Say(Failure::new(ErrorCode::PinMissing).into());
                }
                let found = self.tokens.iter().find(|known| known.slot.id == token);
                let Some(token) = found else {
                    return Next::Say(Failure::new(ErrorCode::TokenRemoved).into());
                };
                let Some(mut signature) = token.sign(&certificate, algorithm, &digest) else {
                    return Next::Say(Failure::new(ErrorCode::CertificateNotFound).into());
                };
                match self.signing {
                    Signing::After(time) => {
                        Next::Wait(Answer::Signature { signature }, Duration::from_millis(time))
                    }
                    Signing::Fails(code) => Next::Say(Failure::new(code).into()),
                    Signing::Never => Next::Never,
                    Signing::HangsUp => Next::HangUp,
                    Signing::Short => {
                        signature.pop();
                        Next::Say(Answer::Signature { signature })
                    }
                    Signing::Garbled => Next::Raw(b"?".to_vec()),
                }
            }
            Question::Login { token, pin } => Next::Say(self.log_in(&token, &pin, logged_in)),
            Question::Logout { .. } => {
                *logged_in = None;
                Next::Say(Answer::Done)
            }
        }
    }

    fn log_in(
        &mut self,
        id: &kagibashi_protocol::Text,
        pin: &secrecy::SecretString,
        logged_in: &mut Option<String>,
    ) -> Answer {
        let found = self.tokens.iter_mut().find(|token| token.slot.id == *id);
        let Some(token) = found else {
            return Failure::new(ErrorCode::TokenRemoved).into();
        };
        let status = &mut token.slot.pin;
        let typed = pin.expose_secret();
        let code = match typed.chars().count() {
            _ if status.locked => ErrorCode::PinLocked,
            ..4 => ErrorCode::PinTooShort,
            17.. => ErrorCode::PinTooLong,
            _ if typed == PIN => {
                status.tries_left = status.maximum;
                *logged_in = Some(id.to_string());
                return Answer::Done;
            }
            _ => {
                let left = status.tries_left.unwrap_or(1) - 1;
                status.tries_left = Some(left);
                status.locked = left == 0;
                self.change += 1;
                let mut failure = Failure::new(ErrorCode::WrongPin);
                failure.detail.tries_left = Some(left);
                return failure.into();
            }
        };
        Failure::new(code).into()
    }
}
