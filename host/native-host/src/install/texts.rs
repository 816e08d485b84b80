//! What the installer says.

use super::error::InstallError;
use super::{Deed, Entry};
use crate::language::Language;

/// What was done with one file, or will be.
pub fn entry(entry: &Entry, dry_run: bool, language: Language) -> String {
    let path = entry.file.display();
    match (&entry.deed, dry_run) {
        (Deed::Created, false) => {
            language.choose(format!("作成しました: {path}"), format!("Created: {path}"))
        }
        (Deed::Created, true) => language.choose(
            format!("作成します: {path}"),
            format!("Would create: {path}"),
        ),
        (Deed::Replaced { previous }, false) => language.choose(
            format!("更新しました: {path}\n    前の内容: {previous}"),
            format!("Updated: {path}\n    Before: {previous}"),
        ),
        (Deed::Replaced { previous }, true) => language.choose(
            format!("更新します: {path}\n    いまの内容: {previous}"),
            format!("Would update: {path}\n    Now: {previous}"),
        ),
        (Deed::Entered, false) => language.choose(
            format!("一覧に追加しました: {path}"),
            format!("Added to the list: {path}"),
        ),
        (Deed::Entered, true) => language.choose(
            format!("一覧に追加します: {path}"),
            format!("Would add to the list: {path}"),
        ),
        (Deed::TakenOut, false) => language.choose(
            format!("一覧から Kagibashi だけを取り除きました: {path}"),
            format!("Took Kagibashi out of the list: {path}"),
        ),
        (Deed::TakenOut, true) => language.choose(
            format!("一覧から Kagibashi だけを取り除きます: {path}"),
            format!("Would take Kagibashi out of the list: {path}"),
        ),
        (Deed::Unchanged, _) => language.choose(
            format!("すでに登録されています: {path}"),
            format!("Registered already: {path}"),
        ),
        (Deed::LeftForeign { name }, _) => language.choose(
            format!("ほかのソフトウェア（{name}）のファイルがあるため、変更しませんでした: {path}"),
            format!("Left alone, as it belongs to other software ({name}): {path}"),
        ),
        (Deed::Removed, false) => {
            language.choose(format!("削除しました: {path}"), format!("Removed: {path}"))
        }
        (Deed::Removed, true) => language.choose(
            format!("削除します: {path}"),
            format!("Would remove: {path}"),
        ),
    }
}

/// The module is not where it should be; all else was done.
pub fn no_module(module: &std::path::Path, language: Language) -> String {
    let module = module.display();
    language.choose(
        format!(
            "PKCS#11 モジュールが見つからないため、登録していません: {module}\n    \
             証明書を求めるサイト（TLS クライアント認証）に入るには、このファイルが必要です。\
             kagibashi と同じフォルダーに置いて、もう一度 kagibashi install を実行してください。"
        ),
        format!(
            "The PKCS#11 module was not found, so it was not registered: {module}\n    \
             Sites that ask the browser itself for a certificate (TLS client authentication) need \
             it. Put it beside kagibashi, and run kagibashi install again."
        ),
    )
}

/// Chromium's lists of modules cannot be reached from a machine-wide
/// installation.
pub fn module_is_personal(language: Language) -> &'static str {
    language.choose(
        "Chrome や Chromium などで PKCS#11 モジュールを使うには、使う人ごとに、\
         --system を付けずに kagibashi install を実行してください。",
        "For the PKCS#11 module in Chrome, Chromium and the like, each person has to run \
         kagibashi install once, without --system.",
    )
}

/// What stood in a file that nobody could use.
pub fn damaged(language: Language) -> &'static str {
    language.choose("読み取れない内容", "nothing that can be read")
}

/// After an installation.
pub fn installed(changed: bool, language: Language) -> &'static str {
    if changed {
        language.choose(
            "登録が終わりました。開いているブラウザは、いちど終了してから開き直してください。\n\
             うまく動かないときは kagibashi doctor を実行すると、原因と直し方が分かります。",
            "Done. Close browsers that are open, and start them again.\n\
             If something does not work, run kagibashi doctor: it says why, and how to mend it.",
        )
    } else {
        language.choose(
            "変更はありません。うまく動かないときは kagibashi doctor を実行してください。",
            "Nothing to change. If something does not work, run kagibashi doctor.",
        )
    }
}

/// After a removal.
pub fn uninstalled(changed: bool, language: Language) -> &'static str {
    if changed {
        language.choose(
            "登録を取り消しました。",
            "Done: the browsers no longer know Kagibashi.",
        )
    } else {
        language.choose("登録されていません。", "Nothing was registered.")
    }
}

/// After a rehearsal.
pub fn rehearsed(language: Language) -> &'static str {
    language.choose(
        "これは確認だけです。何も変更していません。",
        "This was only a look ahead. Nothing has been changed.",
    )
}

/// The decisions of the person, which stay.
pub fn kept(path: &std::path::Path, language: Language) -> String {
    let path = path.display();
    language.choose(
        format!(
            "署名を許可したサイトの記録は残しました: {path}\n    \
             これも消すときは kagibashi uninstall --purge を実行してください。"
        ),
        format!(
            "The list of sites that may ask for signatures was kept: {path}\n    \
             To remove it as well, run kagibashi uninstall --purge."
        ),
    )
}

/// A browser in a box of its own.
pub fn sandboxed(name: &str, portal: bool, language: Language) -> String {
    if portal {
        language.choose(
            format!(
                "{name}: はじめて使うときに、ブラウザの外のプログラムを使ってよいか確認されます。\
                 「許可」を選んでください。"
            ),
            format!(
                "{name}: at the first use you are asked whether it may start a program outside. \
                 Choose to allow it."
            ),
        )
    } else {
        language.choose(
            format!(
                "{name}: このブラウザは外のプログラムと通信できないため、使えません。\
                 配布元のサイトか、システムのパッケージ（deb や rpm）から入れたブラウザをお使いください。"
            ),
            format!(
                "{name}: this browser cannot talk to programs outside of it, so it cannot be used. \
                 Please use one from its maker's site or from the system's packages (deb or rpm)."
            ),
        )
    }
}

/// `sudo kagibashi install` does not do what it seems to do.
pub fn for_root(language: Language) -> &'static str {
    language.choose(
        "管理者（root）だけのために登録します。ふだんのユーザーで使うには sudo を付けずに、\
         全員のために登録するには --system を付けて実行してください。",
        "This registers Kagibashi for the administrator (root) alone. For yourself, run it without \
         sudo; for everybody, add --system.",
    )
}

/// What happened.
pub fn situation(error: &InstallError, language: Language) -> String {
    match error {
        InstallError::NoBrowser => language.choose(
            "対応しているブラウザが見つかりませんでした。".to_owned(),
            "No supported browser was found.".to_owned(),
        ),
        InstallError::NoSystemFolder { browser } => language.choose(
            format!("{browser} には、全員のために登録する場所が知られていません。"),
            format!("{browser} has no known place to register a program for everybody."),
        ),
        InstallError::NoPermission { path } => language.choose(
            format!("書き込む権限がありません: {}", path.display()),
            format!("You have no right to write here: {}", path.display()),
        ),
        InstallError::Io { path, source } => language.choose(
            format!(
                "ファイルを書き込めませんでした: {}（{source}）",
                path.display()
            ),
            format!(
                "This file could not be written: {} ({source})",
                path.display()
            ),
        ),
        InstallError::ProgramPath => language.choose(
            "このプログラムの置き場所を確かめられませんでした。".to_owned(),
            "It could not be told where this program is.".to_owned(),
        ),
        InstallError::NoHome => language.choose(
            "ホームフォルダーが見つかりませんでした。".to_owned(),
            "There is no home folder.".to_owned(),
        ),
        InstallError::Output(source) => language.choose(
            format!("結果を表示できませんでした（{source}）。"),
            format!("The result could not be shown ({source})."),
        ),
    }
}

/// What to do now.
pub fn advice(error: &InstallError, language: Language) -> &'static str {
    match error {
        InstallError::NoBrowser => language.choose(
            "Chrome、Chromium、Edge、Brave、Vivaldi、Opera、Firefox のどれかを入れてから、\
             もう一度実行してください。入っているのに見つからないときは、\
             --browser chrome のように名前を付けて実行してください。",
            "Install Chrome, Chromium, Edge, Brave, Vivaldi, Opera or Firefox, and run this again. \
             If one is there but was not found, name it, as in --browser chrome.",
        ),
        InstallError::NoSystemFolder { .. } => language.choose(
            "--system を付けずに、使う人ごとに実行してください。",
            "Run this without --system, once for each person.",
        ),
        InstallError::NoPermission { .. } if cfg!(windows) => language.choose(
            "--system を付けるときは、「管理者として実行」で開いた端末で実行してください。",
            "With --system, run this in a terminal that was opened with 'Run as administrator'.",
        ),
        InstallError::NoPermission { .. } => language.choose(
            "--system を付けるときは、先頭に sudo を付けて実行してください。\
             付けていないときは、このフォルダーの持ち主を確かめてください。",
            "With --system, put sudo in front of the command. Without it, see who owns this folder.",
        ),
        InstallError::Io { .. } => language.choose(
            "ディスクの空きを確かめて、もう一度実行してください。",
            "See whether the disk is full, and run this again.",
        ),
        InstallError::ProgramPath => language.choose(
            "更新の直後なら、新しい端末を開いて実行してください。\
             それでも直らないときは、kagibashi を英数字だけの名前のフォルダーに置き直してください。",
            "After an update, open a new terminal and run this there. If that does not help, put \
             kagibashi into a folder whose name has only letters and digits.",
        ),
        InstallError::NoHome => language.choose(
            "ふだん使うユーザーでログインして、もう一度実行してください。",
            "Log in as the person who uses the browser, and run this again.",
        ),
        InstallError::Output(_) => language.choose(
            "出力先を確かめて、もう一度実行してください。",
            "See where the output goes, and run this again.",
        ),
    }
}
