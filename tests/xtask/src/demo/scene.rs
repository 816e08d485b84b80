//! Everything of the demo but the browser: service, token and portals.

use super::card_service::CardService;
use super::hand;
use crate::process::{self, Background};
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::fs::{DirBuilder, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const START_LIMIT: Duration = Duration::from_secs(30);

/// Runs while it is kept, in this order taken down: portals, token, service.
pub struct Scene {
    _portal: Background,
    _tls_portal: Background,
    _token: Background,
    token_input: Option<Box<dyn Write + Send>>,
    pub service: CardService,
    /// The page to visit, as `https://HOST:PORT`.
    pub origin: String,
    temporary: TemporaryFolder,
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
        let (mut token, _) = start_announced(
            Command::new(&simulator)
                .args(["run", "--vpcd", &service.slot(), "--state"])
                .arg(&token_state)
                .stdin(Stdio::piped()),
            "ready",
            &folder.join("token.log"),
        )?;

        let token_input = token.take_input()?;

        println!("demo: starting the portals");
        let portal_program = workspace.program("kagibashi-portal");
        let [authority, tls_authority] = portal_authorities(folder);
        // Without memory of connections, so that each page shows whether the
        // login is still open.
        let (tls_portal, tls_origin) = start_announced(
            Command::new(&portal_program)
                .args(["tls", "--no-resumption", "--no-keepalive", "--trust"])
                .arg(&authorities)
                .arg("--ca-out")
                .arg(tls_authority)
                .stdin(Stdio::null()),
            "listening-tls13",
            &folder.join("tls-portal.log"),
        )?;
        let (portal, origin) = start_announced(
            Command::new(&portal_program)
                .args(["--tls-site", &tls_origin, "--trust"])
                .arg(&authorities)
                .arg("--ca-out")
                .arg(authority)
                .stdin(Stdio::null()),
            "listening",
            &folder.join("portal.log"),
        )?;
        Ok(Self {
            _portal: portal,
            _tls_portal: tls_portal,
            _token: token,
            token_input: Some(token_input),
            service,
            origin,
            temporary,
        })
    }

    /// From here on Enter at the terminal moves the token, until this program
    /// ends.
    pub fn give_token_to_person(&mut self) {
        if let Some(token) = self.token_input.take() {
            std::thread::spawn(|| {
                hand::follow(std::io::stdin().lock(), token, |words| println!("{words}"));
            });
        }
    }

    /// Where module and host meet in place of `XDG_RUNTIME_DIR`: a folder that
    /// is nobody else's.
    pub fn runtime_folder(&self) -> Result<PathBuf> {
        let folder = self.temporary.0.join("runtime");
        make_private(&folder)?;
        Ok(folder)
    }
}

/// The PEM files of the authorities behind the portals' own certificates.
pub fn portal_authorities(folder: &Path) -> [PathBuf; 2] {
    ["portal-authority.pem", "tls-portal-authority.pem"].map(|name| folder.join(name))
}

/// Starts a program and waits for the line on its stdout that begins with
/// `word`; gives the rest of that line.
fn start_announced(
    command: &mut Command,
    word: &'static str,
    log: &Path,
) -> Result<(Background, String)> {
    let mut program = Background::start(command.stdout(Stdio::piped()).stderr(File::create(log)?))?;
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
        make_private(&path)?;
        Ok(Self(path))
    }
}

/// Makes a folder that only this person can look into.
fn make_private(path: &Path) -> Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .with_context(|| format!("making {}", path.display()))
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
