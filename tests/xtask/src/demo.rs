//! `cargo xtask demo`: the whole line, from a page to a card and back, on this
//! machine and with nothing installed for good.

mod browser;
mod card_service;
mod hand;
mod scene;

use crate::npm;
use crate::process;
use crate::setup::{self, Tools};
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use browser::Browser;
use scene::Scene;
use std::path::Path;

/// Of every token that the simulator makes unless told otherwise.
const PIN: &str = "12345678";

/// In which language the browser and the pages appear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Japanese,
    English,
}

impl Language {
    /// As BCP 47 has it.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Japanese => "ja",
            Self::English => "en",
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    headless: bool,
    language: Language,
}

impl Options {
    pub fn parse(arguments: &[&str]) -> Result<Self> {
        let mut options = Self {
            headless: !has_display(),
            language: Language::Japanese,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match *argument {
                "--headless" => options.headless = true,
                "--lang" => {
                    options.language = match arguments.next() {
                        Some(&"ja") => Language::Japanese,
                        Some(&"en") => Language::English,
                        _ => bail!("`--lang` takes ja or en"),
                    }
                }
                unknown => bail!("demo does not know `{unknown}`"),
            }
        }
        Ok(options)
    }
}

fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Builds everything, then shows it to a person or to the camera.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let tools = setup::ensure(workspace, setup::FOR_DEMO)?;
    build(workspace, &tools)?;
    let folder = workspace.target().join("demo");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("emptying {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder)?;
    if options.headless {
        drive(workspace, &tools, &folder, options.language)
    } else {
        let mut scene = Scene::start(workspace, &folder)?;
        let browser = Browser::prepare(workspace, &scene, &folder)?;
        print_instructions(&scene.origin, &workspace.guide().join("guide.ja.html"));
        scene.give_token_to_person();
        browser.show(&scene, options.language)
    }
}

fn build(workspace: &Workspace, tools: &Tools) -> Result<()> {
    println!("demo: building the programs (the first time takes some minutes)");
    // Libraries too: the module is one that no program is linked against.
    process::run(tools.command("cargo").current_dir(workspace.root()).args([
        "build",
        "--quiet",
        "--workspace",
        "--locked",
    ]))?;
    println!("demo: building the extension");
    npm::install(tools, &workspace.extension())?;
    process::run_quietly(&mut npm::script(tools, &workspace.extension(), "build"))
}

/// The clicks of a person, made by a program that takes pictures.
fn drive(workspace: &Workspace, tools: &Tools, folder: &Path, language: Language) -> Result<()> {
    let package = workspace.end_to_end();
    npm::install(tools, &package)?;
    process::run(
        tools
            .command("node")
            .arg("demo.ts")
            .current_dir(&package)
            .env("KAGIBASHI_BIN_DIR", workspace.programs())
            .env("KAGIBASHI_EXTENSION_DIR", workspace.chromium_extension())
            .env("KAGIBASHI_DEMO_DIR", folder)
            .env("KAGIBASHI_DEMO_LANGUAGE", language.tag()),
    )?;
    println!("demo: the screenshots are in {}", folder.display());
    Ok(())
}

fn print_instructions(origin: &str, guide: &Path) {
    let guide = guide.display();
    println!(
        "
----------------------------------------------------------------------
 鍵橋のデモ: {origin}

 証明書を TLS 接続で示す (クライアント認証)
 1. 開いたページで「直接開くページへ」を押します。
 2. ブラウザーが証明書を尋ねたら、山田 太郎 を選んで OK を押します。
 3. 鍵橋の窓で、サイトと証明書を確かめ、PIN {PIN} を入力します。
 4. 「もう一度開く」では PIN を聞かれません。ツールバーのパズルの形の
    ボタンから鍵橋を開いて「ログアウト」を押すと、次は聞かれます。

 証明書をページのボタンから使う (Web eID)
 5. 最初のページに戻り、「証明書でログイン」を押します。
 6. 鍵橋の窓で、サイトと証明書を確かめて進みます。
 7. PIN {PIN} を入力します。
 8. ログイン後のページで、書類への署名も試せます。
 この端末で Enter を押すたびに、トークンを抜く、挿す、を繰り返します。
 「鍵橋の管理」では PUK 87654321 も試せます。手引きは {guide} です。
 ブラウザーを閉じると、すべて片付けて終わります。

 Kagibashi demo: {origin}

 The certificate in the TLS handshake (client authentication)
 1. On the page that has opened, press 直接開くページへ (\"Open them\").
 2. When the browser asks for a certificate, choose 山田 太郎 and press OK.
 3. In Kagibashi's window, check the site and the certificate, and type the
    PIN {PIN}.
 4. もう一度開く (\"Open again\") asks for no PIN. After ログアウト (\"Log out\")
    in Kagibashi, which is behind the puzzle piece in the toolbar, the next
    page asks again.

 The certificate by a button of the page (Web eID)
 5. Go back to the first page, and press 証明書でログイン (\"Sign in with a
    certificate\").
 6. In Kagibashi's window, check the site and the certificate, and go on.
 7. Type the PIN {PIN}.
 8. Once signed in, you can also sign a document.
 Each Enter at this terminal pulls the token out or plugs it in.
 Close the browser, and everything is cleared away.
----------------------------------------------------------------------
"
    );
}
