//! Findings about the PKCS#11 module, and where it meets this program.

use super::{Finding, Subject, good, trouble};

pub const MODULE_GOOD: Finding = good(
    "module-ok",
    Subject::Module,
    "モジュールのファイルがあります。",
    "The module is there.",
);

pub const MODULE_MISSING: Finding = trouble(
    "module-missing",
    Subject::Module,
    [
        "モジュールのファイルがありません。\
         証明書を求めるサイト（TLS クライアント認証）に入れません。",
        "kagibashi を入れ直すか、{file} を kagibashi と同じフォルダーに置いてから、\
         kagibashi install を実行してください。",
    ],
    [
        "The module is not there. Sites that ask the browser itself for a certificate (TLS client \
         authentication) cannot be entered.",
        "Install kagibashi anew, or put {file} beside it; then run kagibashi install.",
    ],
);

pub const MODULE_UNREADABLE: Finding = trouble(
    "module-unreadable",
    Subject::Module,
    [
        "モジュールのファイルを開けませんでした。",
        "このファイルの持ち主と権限を確かめてください。だれでも読める必要があります（chmod a+r）。",
    ],
    [
        "The module could not be opened.",
        "See who owns it. Everybody has to be able to read it (chmod a+r).",
    ],
);

pub const MODULE_DAMAGED: Finding = trouble(
    "module-damaged",
    Subject::Module,
    [
        "モジュールのファイルが壊れているか、このパソコンの種類に合っていません。",
        "kagibashi を入れ直してから、kagibashi install を実行してください。",
    ],
    [
        "The module is damaged, or made for another kind of computer.",
        "Install kagibashi anew, then run kagibashi install.",
    ],
);

pub const MODULE_REGISTERED: Finding = good(
    "module-registration-ok",
    Subject::Module,
    "登録されています。",
    "It is registered.",
);

pub const MODULE_NOT_REGISTERED: Finding = trouble(
    "module-registration-missing",
    Subject::Module,
    [
        "モジュールが登録されていません。",
        "kagibashi install を（--system を付けずに）実行して、ブラウザを開き直してください。",
    ],
    [
        "The module is not registered.",
        "Run kagibashi install (without --system), and restart the browser.",
    ],
);

pub const MODULE_OTHER_PATH: Finding = trouble(
    "module-registration-other-module",
    Subject::Module,
    [
        "別の場所にあるモジュール（{module}）が登録されています。",
        "kagibashi install を実行すると、いまの場所（{this}）が登録されます。\
         そのあとブラウザを開き直してください。",
    ],
    [
        "A module in another place ({module}) is registered.",
        "Run kagibashi install, which registers this one ({this}), and restart the browser.",
    ],
);

pub const MODULE_REGISTRATION_REFUSED: Finding = trouble(
    "module-registration-refused",
    Subject::Module,
    [
        "登録ファイルの書き方か、拡張機能の ID が正しくありません。",
        "kagibashi install を実行すると正しい内容になります。そのあとブラウザを開き直してください。",
    ],
    [
        "The registration file is written wrongly, or names another extension.",
        "Run kagibashi install, which sets it right, and restart the browser.",
    ],
);

pub const MODULE_REGISTRATION_DAMAGED: Finding = trouble(
    "module-registration-damaged",
    Subject::Module,
    [
        "登録ファイルの内容が壊れています。",
        "kagibashi install を実行すると作り直されます。そのあとブラウザを開き直してください。",
    ],
    [
        "The registration file is damaged.",
        "Run kagibashi install, which writes it anew, and restart the browser.",
    ],
);

pub const MODULE_REGISTRATION_UNREADABLE: Finding = trouble(
    "module-registration-unreadable",
    Subject::Module,
    [
        "登録ファイルを開けませんでした。",
        "このファイルの持ち主と権限を確かめ、kagibashi install を実行してください。",
    ],
    [
        "The registration file could not be opened.",
        "See who owns it and who may read it, then run kagibashi install.",
    ],
);

pub const MODULE_REGISTRATION_FOREIGN: Finding = trouble(
    "module-registration-foreign",
    Subject::Module,
    [
        "登録ファイルがほかのソフトウェア（{name}）のものになっています。",
        "このファイルを別の場所に移してから、kagibashi install を実行してください。",
    ],
    [
        "The registration file belongs to other software ({name}).",
        "Move that file elsewhere, then run kagibashi install.",
    ],
);

pub const MEETING_PLACE_GOOD: Finding = good(
    "meeting-place-ok",
    Subject::MeetingPlace,
    "モジュールと鍵橋プログラムが安全に接続できます。",
    "Module and Kagibashi can meet where nobody else can come.",
);

pub const MEETING_PLACE_REFUSED: Finding = trouble(
    "meeting-place-refused",
    Subject::MeetingPlace,
    [
        "接続に使うフォルダー（{folder}）が、本人だけのものになっていません。\
         安全のため、モジュールは使われません。",
        "ブラウザを終了し、このフォルダーを削除してから、ブラウザを開き直してください。\
         自分で変更した覚えがないときは、管理者に知らせてください。",
    ],
    [
        "The folder where they meet ({folder}) is not yours alone. For safety the module is not \
         used.",
        "Close the browser, remove that folder, and start the browser again. If you did not change \
         it yourself, tell your administrator.",
    ],
);

pub const MEETING_PLACE_TAKEN: Finding = trouble(
    "meeting-place-taken",
    Subject::MeetingPlace,
    [
        "ほかの人のプログラムが、鍵橋を名乗って接続を待っています。\
         安全のため、何も送っていません。",
        "「詳細」の内容を管理者に伝えてください。",
    ],
    [
        "Somebody else's program waits there in Kagibashi's name. Nothing was sent to it.",
        "Tell your administrator the detail below.",
    ],
);

pub const MEETING_PLACE_UNUSABLE: Finding = trouble(
    "meeting-place-unusable",
    Subject::MeetingPlace,
    [
        "接続に使うフォルダー（{folder}）を使えません。",
        "いちどログアウトして、ログインし直してください。それでも直らないときは、\
         「詳細」の内容を管理者に伝えてください。",
    ],
    [
        "The folder where they meet ({folder}) cannot be used.",
        "Log out of this computer and in again. If that does not help, tell your administrator the \
         detail below.",
    ],
);

#[cfg(test)]
pub const MODULE_FINDINGS: &[&Finding] = &[
    &MODULE_GOOD,
    &MODULE_MISSING,
    &MODULE_UNREADABLE,
    &MODULE_DAMAGED,
    &MODULE_REGISTERED,
    &MODULE_NOT_REGISTERED,
    &MODULE_OTHER_PATH,
    &MODULE_REGISTRATION_REFUSED,
    &MODULE_REGISTRATION_DAMAGED,
    &MODULE_REGISTRATION_UNREADABLE,
    &MODULE_REGISTRATION_FOREIGN,
    &MEETING_PLACE_GOOD,
    &MEETING_PLACE_REFUSED,
    &MEETING_PLACE_TAKEN,
    &MEETING_PLACE_UNUSABLE,
];
