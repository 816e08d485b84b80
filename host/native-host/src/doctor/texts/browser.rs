//! Findings about browsers.

use super::{Finding, State, Subject, good, told, trouble};

pub const BROWSER_FOUND: Finding = good(
    "browser-found",
    Subject::Browser,
    "{browsers} が見つかりました。",
    "Found: {browsers}.",
);

pub const BROWSER_NONE: Finding = trouble(
    "browser-none",
    Subject::Browser,
    [
        "対応しているブラウザが見つかりませんでした。",
        "Chrome、Chromium、Edge、Firefox などを入れてから、kagibashi install を実行してください。",
    ],
    [
        "No supported browser was found.",
        "Install Chrome, Chromium, Edge, Firefox or the like, then run kagibashi install.",
    ],
);

pub const BROWSER_ONLY_SANDBOXED: Finding = trouble(
    "browser-only-sandboxed",
    Subject::Browser,
    [
        "見つかったブラウザ（{browsers}）は Snap 版または Flatpak 版です。\
         外のプログラムと通信できないため、トークンを使えません。",
        "配布元のサイトやシステムのパッケージ（deb、rpm）からブラウザを入れて、\
         kagibashi install を実行してください。",
    ],
    [
        "The browsers found ({browsers}) come from Snap or Flatpak. They cannot talk to programs \
         outside of them, so they cannot use the token.",
        "Install a browser from its maker's site or from the system's packages (deb, rpm), then \
         run kagibashi install.",
    ],
);

pub const BROWSER_SANDBOXED: Finding = told(
    "browser-sandboxed",
    Subject::Browser,
    State::NotApplicable,
    [
        "このブラウザは Snap 版または Flatpak 版で、外のプログラムと通信できません。",
        "トークンを使うときは、ほかのブラウザをお使いください。",
    ],
    [
        "This browser comes from Snap or Flatpak and cannot talk to programs outside of it.",
        "Use another browser for the token.",
    ],
);

pub const BROWSER_ASKS_PERMISSION: Finding = told(
    "browser-asks-permission",
    Subject::Browser,
    State::Unknown,
    [
        "Snap 版の Firefox です。外のプログラムを使う許可が出ているかどうかは確認できません。",
        "はじめて使うときに確認の画面が出たら「許可」を選んでください。前に断ったときは、\
         flatpak permission-set webextensions {host} snap.firefox yes を実行してください。",
    ],
    [
        "This Firefox comes from Snap. Whether it may start programs outside of it cannot be told.",
        "When you are asked at the first use, choose to allow it. If you said no before, run \
         flatpak permission-set webextensions {host} snap.firefox yes.",
    ],
);

pub const REGISTERED: Finding = good(
    "registration-ok",
    Subject::Registration,
    "このブラウザから鍵橋プログラムを呼び出せます。",
    "This browser can call Kagibashi.",
);

pub const REGISTRATION_MISSING: Finding = trouble(
    "registration-missing",
    Subject::Registration,
    [
        "このブラウザに鍵橋プログラムが登録されていません。",
        "kagibashi install を実行して、ブラウザを開き直してください。",
    ],
    [
        "Kagibashi is not registered with this browser.",
        "Run kagibashi install, and restart the browser.",
    ],
);

pub const REGISTRATION_UNREADABLE: Finding = trouble(
    "registration-unreadable",
    Subject::Registration,
    [
        "登録ファイルを開けませんでした。",
        "このファイルの持ち主と権限を確かめ、kagibashi install を実行してください。",
    ],
    [
        "The registration file could not be opened.",
        "See who owns it and who may read it, then run kagibashi install.",
    ],
);

pub const REGISTRATION_DAMAGED: Finding = trouble(
    "registration-damaged",
    Subject::Registration,
    [
        "登録ファイルの内容が壊れています。",
        "kagibashi install を実行すると作り直されます。そのあとブラウザを開き直してください。",
    ],
    [
        "The registration file is damaged.",
        "Run kagibashi install, which writes it anew, and restart the browser.",
    ],
);

pub const REGISTRATION_FOREIGN: Finding = trouble(
    "registration-foreign",
    Subject::Registration,
    [
        "登録ファイルがほかのソフトウェア（{name}）のものになっています。",
        "このファイルを別の場所に移してから、kagibashi install を実行してください。",
    ],
    [
        "The registration file belongs to other software ({name}).",
        "Move that file elsewhere, then run kagibashi install.",
    ],
);

pub const REGISTRATION_REFUSED: Finding = trouble(
    "registration-refused",
    Subject::Registration,
    [
        "登録ファイルの書き方が、このブラウザで受け付けられないものです。",
        "kagibashi install を実行すると正しい内容になります。そのあとブラウザを開き直してください。",
    ],
    [
        "The registration file is written in a way that this browser refuses.",
        "Run kagibashi install, which sets it right, and restart the browser.",
    ],
);

pub const REGISTRATION_WRONG_EXTENSION: Finding = trouble(
    "registration-wrong-extension",
    Subject::Registration,
    [
        "登録ファイルに書かれた拡張機能の ID が、鍵橋のものではありません。",
        "kagibashi install を実行すると正しい ID になります。そのあとブラウザを開き直してください。",
    ],
    [
        "The registration file names another extension than Kagibashi's.",
        "Run kagibashi install, which sets it right, and restart the browser.",
    ],
);

pub const REGISTRATION_PROGRAM_MISSING: Finding = trouble(
    "registration-program-missing",
    Subject::Registration,
    [
        "登録されたプログラム（{program}）が、その場所にありません。",
        "kagibashi install を実行すると、いまの場所が登録されます。\
         そのあとブラウザを開き直してください。",
    ],
    [
        "The registered program ({program}) is not there.",
        "Run kagibashi install, which registers where it is now, and restart the browser.",
    ],
);

pub const REGISTRATION_PROGRAM_NOT_EXECUTABLE: Finding = trouble(
    "registration-program-not-executable",
    Subject::Registration,
    [
        "登録されたプログラム（{program}）を実行する権限がありません。",
        "chmod +x を付けてこのファイルを実行できるようにするか、kagibashi を入れ直してから、\
         kagibashi install を実行してください。",
    ],
    [
        "The registered program ({program}) may not be executed.",
        "Make it executable with chmod +x, or install kagibashi anew; then run kagibashi install.",
    ],
);

pub const REGISTRATION_OTHER_PROGRAM: Finding = trouble(
    "registration-other-program",
    Subject::Registration,
    [
        "別の場所にあるプログラム（{program}）が登録されています。",
        "いま実行しているもの（{this}）を使うときは、kagibashi install を実行し、\
         ブラウザを開き直してください。",
    ],
    [
        "A program in another place ({program}) is registered.",
        "To use this one ({this}), run kagibashi install, and restart the browser.",
    ],
);

pub const EXTENSION_FOUND: Finding = good(
    "extension-ok",
    Subject::Extension,
    "鍵橋の拡張機能が入っています。",
    "The Kagibashi extension is there.",
);

pub const EXTENSION_MISSING: Finding = trouble(
    "extension-missing",
    Subject::Extension,
    [
        "鍵橋の拡張機能が入っていません。",
        "ブラウザで鍵橋の拡張機能を追加してください。",
    ],
    [
        "The Kagibashi extension is not there.",
        "Add the Kagibashi extension to the browser.",
    ],
);

pub const EXTENSION_DISABLED: Finding = trouble(
    "extension-disabled",
    Subject::Extension,
    [
        "鍵橋の拡張機能がオフになっています。",
        "ブラウザの拡張機能のページを開き、鍵橋をオンにしてください。",
    ],
    [
        "The Kagibashi extension is switched off.",
        "Open the browser's page of extensions and switch Kagibashi on.",
    ],
);

pub const EXTENSION_ELSEWHERE: Finding = told(
    "extension-elsewhere",
    Subject::Extension,
    State::NotApplicable,
    [
        "このブラウザには見当たらないかオフですが、ほかのブラウザに拡張機能が入っています。",
        "このブラウザでも使うときは、鍵橋の拡張機能を追加するか、オンにしてください。",
    ],
    [
        "Not seen in this browser, or switched off, but another one has the extension.",
        "To use this browser too, add the Kagibashi extension to it, or switch it on.",
    ],
);

pub const EXTENSION_NOT_STARTED: Finding = told(
    "extension-unknown-not-started",
    Subject::Extension,
    State::Unknown,
    [
        "このブラウザはまだ一度も起動されていないため、拡張機能は確認できませんでした。",
        "ブラウザを起動し、鍵橋の拡張機能を追加してください。",
    ],
    [
        "This browser has not been started yet, so the extension could not be checked.",
        "Start the browser and add the Kagibashi extension.",
    ],
);

pub const EXTENSION_UNREADABLE: Finding = told(
    "extension-unknown-unreadable",
    Subject::Extension,
    State::Unknown,
    [
        "ブラウザの設定を読み取れないため、拡張機能は確認できませんでした。",
        "ブラウザの拡張機能のページに鍵橋があり、オンになっているか確かめてください。",
    ],
    [
        "The browser's settings could not be read, so the extension could not be checked.",
        "See whether the browser's page of extensions has Kagibashi, switched on.",
    ],
);

#[cfg(test)]
pub const BROWSER_FINDINGS: &[&Finding] = &[
    &BROWSER_FOUND,
    &BROWSER_NONE,
    &BROWSER_ONLY_SANDBOXED,
    &BROWSER_SANDBOXED,
    &BROWSER_ASKS_PERMISSION,
    &REGISTERED,
    &REGISTRATION_MISSING,
    &REGISTRATION_UNREADABLE,
    &REGISTRATION_DAMAGED,
    &REGISTRATION_FOREIGN,
    &REGISTRATION_REFUSED,
    &REGISTRATION_WRONG_EXTENSION,
    &REGISTRATION_PROGRAM_MISSING,
    &REGISTRATION_PROGRAM_NOT_EXECUTABLE,
    &REGISTRATION_OTHER_PROGRAM,
    &EXTENSION_FOUND,
    &EXTENSION_MISSING,
    &EXTENSION_DISABLED,
    &EXTENSION_ELSEWHERE,
    &EXTENSION_NOT_STARTED,
    &EXTENSION_UNREADABLE,
];
