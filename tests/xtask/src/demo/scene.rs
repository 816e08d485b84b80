//! Everything of the demo but the browser: service, token and portal.

use super::card_service::CardService;
use crate::process::{self, Background};
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const START_LIMIT: Duration = Duration::from_secs(30);

/// Runs while it is kept, in this order taken down: portal, token, service.
pub struct Scene {
    _portal: Background,
    _token: Background,
    pub service: CardService,
    /// The page to visit, as `https://HOST:PORT`.
    pub origin: String,
    _temporary: TemporaryFolder,
}

impl Scene {
    /// Makes a new token and starts everything; logs go into `folder`.
    pub fn start(workspace: &Workspace, folder: &Path) -> Result<Self> {
        let authorities = folder.join("authorities");
        let token_state = folder.join("token.json");
        let simulator = workspace.program("kagibashi-card-simulator");
        println!("demo: making a token with a certificate for 山田 太郎");
        process::run_quietly(
            Command::new(&simulator)
                .args(["make", "--kind", "company", "--state"])
                .arg(&token_state)
                .arg("--ca-out")
                .arg(&authorities),
        )?;

        println!("demo: starting a smart card service and plugging the token in");
        let temporary = TemporaryFolder::make()?;
        let service = CardService::start(&temporary.0)?;
        let (token, _) = start_announced(
            Command::new(&simulator)
                .args(["run", "--vpcd", &service.slot(), "--state"])
                .arg(&token_state),
            "ready",
            &folder.join("token.log"),
        )?;

        println!("demo: starting the portal");
        let (portal, origin) = start_announced(
            Command::new(workspace.program("kagibashi-portal"))
                .arg("--trust")
                .arg(&authorities)
                .arg("--ca-out")
                .arg(portal_authority(folder)),
            "listening",
            &folder.join("portal.log"),
        )?;
        Ok(Self {
            _portal: portal,
            _token: token,
            service,
            origin,
            _temporary: temporary,
        })
    }
}

/// The PEM of the authority behind the portal's own certificate.
pub fn portal_authority(folder: &Path) -> PathBuf {
    folder.join("portal-authority.pem")
}

/// Starts a program and waits for the line on its stdout that begins with
/// `word`; gives the rest of that line.
fn start_announced(
    command: &mut Command,
    word: &'static str,
    log: &Path,
) -> Result<(Background, String)> {
    let mut program = Background::start(
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(log)?),
    )?;
    let output = program.take_output()?;
    let (announce, announced) = mpsc::channel();
    // Goes on reading after the line, lest the program block on a full pipe.
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if let Some(rest) = line.strip_prefix(word) {
                let _ = announce.send(rest.trim().to_owned());
            }
        }
    });
    let mut rest = None;
    process::wait_until(word, &mut program, START_LIMIT, || {
        rest = announced.try_recv().ok();
        rest.is_some()
    })
    .with_context(|| format!("more in {}", log.display()))?;
    match rest {
        Some(rest) => Ok((program, rest)),
        None => bail!("the program never said `{word}`"),
    }
}

/// A folder with a short path, for sockets: their names hold 107 bytes only,
/// which a build folder can exceed. Removed with all it holds.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn make() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("kagibashi-demo-{}", std::process::id()));
        std::fs::create_dir(&path).with_context(|| format!("making {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
