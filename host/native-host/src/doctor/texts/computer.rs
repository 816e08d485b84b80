//! Findings about this computer: the program, its folders, the smart card
//! service, USB and readers.

use super::{Finding, State, Subject, good, told, trouble};

pub const PROGRAM: Finding = good(
    "program",
    Subject::Program,
    "バージョン {version} です。",
    "Version {version}.",
);

pub const STORAGE_GOOD: Finding = good(
    "storage-ok",
    Subject::Storage,
    "設定と記録を保存できます。",
    "Settings and logs can be kept.",
);

pub const STORAGE_NOT_WRITABLE: Finding = trouble(
    "storage-not-writable",
    Subject::Storage,
    [
        "設定や記録を保存するフォルダーに書き込めません。",
        "ディスクの空きと、このフォルダーの持ち主を確かめてください。\
         sudo を付けて実行したことがあるときは、持ち主が root になっていることがあります。",
    ],
    [
        "The folder for settings or logs cannot be written.",
        "See whether the disk is full, and who owns this folder. If you once ran this with sudo, \
         its owner may be root.",
    ],
);

pub const SERVICE_GOOD: Finding = good(
    "service-ok",
    Subject::Service,
    "動いています。",
    "It is running.",
);

#[cfg(not(any(windows, target_os = "macos")))]
pub const SERVICE_STOPPED: Finding = trouble(
    "service-stopped",
    Subject::Service,
    [
        "スマートカードのサービス（pcscd）が動いていません。",
        "sudo systemctl enable --now pcscd.socket を実行してください。\
         それでも動かないときは、パソコンを再起動してください。",
    ],
    [
        "The smart card service (pcscd) is not running.",
        "Run sudo systemctl enable --now pcscd.socket. If that does not help, restart the computer.",
    ],
);

#[cfg(windows)]
pub const SERVICE_STOPPED: Finding = trouble(
    "service-stopped",
    Subject::Service,
    [
        "Windows の Smart Card サービスが動いていません。",
        "トークンをいったん抜いて挿し直してください。それでも動かないときは、\
         「サービス」の画面で Smart Card を開始するか、パソコンを再起動してください。",
    ],
    [
        "The Smart Card service of Windows is not running.",
        "Pull the token out and plug it in again. If that does not help, start Smart Card in the \
         Services window, or restart the computer.",
    ],
);

#[cfg(target_os = "macos")]
pub const SERVICE_STOPPED: Finding = trouble(
    "service-stopped",
    Subject::Service,
    [
        "macOS のスマートカードのサービスが応答しません。",
        "トークンをいったん抜いて挿し直してください。それでも動かないときは、\
         Mac を再起動してください。",
    ],
    [
        "The smart card service of macOS does not answer.",
        "Pull the token out and plug it in again. If that does not help, restart the Mac.",
    ],
);

pub const SERVICE_NOT_INSTALLED: Finding = trouble(
    "service-not-installed",
    Subject::Service,
    [
        "スマートカードのサービス（pcscd）が入っていません。",
        "Debian や Ubuntu では sudo apt install pcscd libccid、\
         Fedora では sudo dnf install pcsc-lite pcsc-lite-ccid を実行し、\
         そのあと sudo systemctl enable --now pcscd.socket を実行してください。",
    ],
    [
        "The smart card service (pcscd) is not installed.",
        "On Debian or Ubuntu run sudo apt install pcscd libccid, on Fedora sudo dnf install \
         pcsc-lite pcsc-lite-ccid; then run sudo systemctl enable --now pcscd.socket.",
    ],
);

pub const SERVICE_REFUSED: Finding = trouble(
    "service-refused",
    Subject::Service,
    [
        "スマートカードのサービスを使えませんでした。",
        "リモート接続（SSH やリモートデスクトップ）では使えないことがあります。\
         パソコンの前で実行し直してください。それでも直らないときは、\
         「詳細」の内容を管理者に伝えてください。",
    ],
    [
        "The smart card service could not be used.",
        "Over a remote connection (SSH, remote desktop) it may be refused: run this at the \
         computer itself. If that does not help, tell your administrator the detail below.",
    ],
);

pub const USB_TOKEN_SEEN: Finding = good(
    "usb-token-seen",
    Subject::Usb,
    "トークン（{device}）が差し込まれています。",
    "A token ({device}) is plugged in.",
);

pub const USB_NO_TOKEN: Finding = told(
    "usb-no-token",
    Subject::Usb,
    State::NotApplicable,
    ["Feitian 製の USB トークンは見当たりません。", ""],
    ["No USB token made by Feitian is to be seen.", ""],
);

pub const READER_FOUND: Finding = good(
    "reader-ok",
    Subject::Reader,
    "{readers} として認識されています。",
    "Found: {readers}.",
);

pub const READER_NONE: Finding = trouble(
    "reader-none",
    Subject::Reader,
    [
        "トークンが見つかりません。",
        "トークンを USB ポートに差し込んでください。差し込んであるときは、\
         いちど抜いて、パソコン本体の別の USB ポートに挿し直してください。",
    ],
    [
        "No token was found.",
        "Plug the token into a USB port. If it is plugged in, pull it out and try another port of \
         the computer itself.",
    ],
);

pub const READER_DRIVER_MISSING: Finding = trouble(
    "reader-driver-missing",
    Subject::Reader,
    [
        "トークンは差し込まれていますが、カードリーダーのドライバー（libccid）が入っていません。",
        "Debian や Ubuntu では sudo apt install libccid、\
         Fedora では sudo dnf install pcsc-lite-ccid を実行し、トークンを挿し直してください。",
    ],
    [
        "A token is plugged in, but the driver for card readers (libccid) is not installed.",
        "On Debian or Ubuntu run sudo apt install libccid, on Fedora sudo dnf install \
         pcsc-lite-ccid; then plug the token in again.",
    ],
);

pub const READER_NOT_TAKEN: Finding = trouble(
    "reader-not-taken",
    Subject::Reader,
    [
        "トークンは差し込まれていますが、スマートカードのサービスが認識していません。",
        "トークンを挿し直してください。それでも直らないときは、\
         sudo systemctl restart pcscd.socket pcscd.service を実行してください。",
    ],
    [
        "A token is plugged in, but the smart card service does not see it.",
        "Plug the token in again. If that does not help, run \
         sudo systemctl restart pcscd.socket pcscd.service.",
    ],
);

pub const READER_NOT_CHECKED: Finding = told(
    "reader-unknown",
    Subject::Reader,
    State::Unknown,
    [
        "スマートカードのサービスを使えないため、トークンは確認していません。",
        "先に「スマートカードのサービス」の項目に対応してください。",
    ],
    [
        "The token was not looked at, as the smart card service cannot be used.",
        "Mend the smart card service first.",
    ],
);

#[cfg(test)]
pub const COMPUTER_FINDINGS: &[&Finding] = &[
    &PROGRAM,
    &STORAGE_GOOD,
    &STORAGE_NOT_WRITABLE,
    &SERVICE_GOOD,
    &SERVICE_STOPPED,
    &SERVICE_NOT_INSTALLED,
    &SERVICE_REFUSED,
    &USB_TOKEN_SEEN,
    &USB_NO_TOKEN,
    &READER_FOUND,
    &READER_NONE,
    &READER_DRIVER_MISSING,
    &READER_NOT_TAKEN,
    &READER_NOT_CHECKED,
];
