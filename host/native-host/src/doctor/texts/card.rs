//! Findings about what is in a reader.

use super::{Finding, State, Subject, good, told, trouble};

pub const TOKEN_GOOD: Finding = good(
    "token-ok",
    Subject::Token,
    "{label}（{model}、シリアル番号 {serial}）を読み取れました。",
    "{label} ({model}, serial number {serial}) can be read.",
);

pub const TOKEN_LOGGED_IN: Finding = told(
    "token-logged-in",
    Subject::Token,
    State::NotApplicable,
    [
        "ログイン中のため、このトークンは調べませんでした。調べるとログインが終わります。",
        "",
    ],
    [
        "A login is open in it, so this token was not looked at. Doing so would end the login.",
        "",
    ],
);

pub const TOKEN_ABSENT: Finding = trouble(
    "token-absent",
    Subject::Token,
    [
        "カードリーダーはありますが、トークンが入っていません。",
        "トークンを差し込んでください。",
    ],
    [
        "There is a reader, but no token in it.",
        "Plug the token in.",
    ],
);

pub const TOKEN_MUTE: Finding = trouble(
    "token-mute",
    Subject::Token,
    [
        "トークンが応答しません。",
        "トークンをいちど抜いて、向きを確かめ、しっかり挿し直してください。\
         別のパソコンでも応答しないときは、発行元に相談してください。",
    ],
    [
        "The token does not answer.",
        "Pull it out, see which way round it goes, and plug it in firmly. If it does not answer at \
         another computer either, ask its issuer.",
    ],
);

pub const TOKEN_UNSUPPORTED: Finding = trouble(
    "token-unsupported",
    Subject::Token,
    [
        "鍵橋が対応していないカードです。",
        "ePass2003 のトークンを差し込んでください。ePass2003 なのにこの表示が出るときは、\
         「詳細」の内容を管理者に伝えてください。",
    ],
    [
        "This card is of a kind that Kagibashi does not support.",
        "Plug in an ePass2003 token. If this is one, tell your administrator the detail below.",
    ],
);

pub const TOKEN_OTHER_CARD: Finding = told(
    "token-other-card",
    Subject::Token,
    State::NotApplicable,
    ["鍵橋では使わないカードです。そのままでかまいません。", ""],
    ["A card that Kagibashi does not use. It may stay.", ""],
);

pub const TOKEN_NOT_INITIALISED: Finding = trouble(
    "token-not-initialised",
    Subject::Token,
    [
        "このトークンには、まだ証明書を入れる準備がされていません。",
        "発行元に、証明書の入ったトークンかどうかを確認してください。",
    ],
    [
        "This token has not been set up for certificates yet.",
        "Ask its issuer whether it should hold a certificate.",
    ],
);

pub const TOKEN_BUSY: Finding = trouble(
    "token-busy",
    Subject::Token,
    [
        "ほかのプログラムがトークンを使っています。",
        "トークンを使うほかのソフトウェアを終了して、もう一度実行してください。",
    ],
    [
        "Another program is using the token.",
        "Close other software that uses the token, and run this again.",
    ],
);

pub const TOKEN_FAILED: Finding = trouble(
    "token-failed",
    Subject::Token,
    [
        "トークンを読み取れませんでした。",
        "トークンを挿し直して、もう一度実行してください。\
         くり返すときは、「詳細」の内容を管理者に伝えてください。",
    ],
    [
        "The token could not be read.",
        "Plug it in again and run this once more. If it happens again, tell your administrator the \
         detail below.",
    ],
);

pub const PIN_GOOD: Finding = good(
    "pin-ok",
    Subject::Pin,
    "あと {tries} 回まで間違えられます。",
    "{tries} tries are left.",
);

pub const PIN_FEW_TRIES: Finding = trouble(
    "pin-few-tries",
    Subject::Pin,
    [
        "PIN をあと {tries} 回間違えると、トークンがロックされて使えなくなります。",
        "PIN が確かでないときは入力せず、申込書の控えなどで確かめてください。\
         正しい PIN で一度ログインすると、残り回数は元に戻ります。",
    ],
    [
        "After {tries} more wrong PINs the token locks and cannot be used.",
        "If you are not sure of the PIN, do not try: look it up, on the application form for \
         instance. One right PIN brings all tries back.",
    ],
);

pub const PIN_LOCKED: Finding = trouble(
    "pin-locked",
    Subject::Pin,
    [
        "PIN がロックされています。正しい PIN でも使えません。",
        "発行元に連絡して、ロックの解除か再発行を相談してください。",
    ],
    [
        "The PIN is locked: even the right one is not taken.",
        "Ask the issuer to unlock or replace the token.",
    ],
);

pub const PIN_UNKNOWN: Finding = told(
    "pin-unknown",
    Subject::Pin,
    State::Unknown,
    ["このトークンは PIN の残り回数を教えてくれません。", ""],
    ["This token does not tell how many tries are left.", ""],
);

pub const CERTIFICATE_GOOD: Finding = good(
    "certificate-ok",
    Subject::Certificate,
    "使えます。有効期限は {date} です。",
    "It can be used. Valid until {date}.",
);

pub const CERTIFICATE_EXPIRING: Finding = trouble(
    "certificate-expiring",
    Subject::Certificate,
    [
        "有効期限まであと {days} 日です（{date} まで）。",
        "いまは使えます。期限の前に、発行元で更新の手続きをしてください。",
    ],
    [
        "It ends in {days} days (on {date}).",
        "It can be used now. Have it renewed by its issuer before that day.",
    ],
);

pub const CERTIFICATE_EXPIRED: Finding = trouble(
    "certificate-expired",
    Subject::Certificate,
    [
        "有効期限が切れています（{date} まで）。",
        "発行元で更新の手続きをしてください。\
         更新が済んでいるときは、新しいトークンを差し込んでください。",
    ],
    [
        "It has expired (on {date}).",
        "Have it renewed by its issuer. If that was done, plug in the new token.",
    ],
);

pub const CERTIFICATE_OLD: Finding = told(
    "certificate-old",
    Subject::Certificate,
    State::NotApplicable,
    [
        "期限の切れた前の証明書です（{date} まで）。そのままでかまいません。",
        "",
    ],
    [
        "An earlier certificate that has expired (on {date}). It may stay.",
        "",
    ],
);

pub const CERTIFICATE_NOT_YET_VALID: Finding = trouble(
    "certificate-not-yet-valid",
    Subject::Certificate,
    [
        "まだ有効期間が始まっていません（{date} から）。",
        "パソコンの日付が正しいか確かめてください。正しいときは、その日からお使いください。",
    ],
    [
        "It is not valid yet (from {date} on).",
        "See whether this computer's date is right. If it is, use the certificate from that day.",
    ],
);

pub const CERTIFICATE_WRONG_PURPOSE: Finding = trouble(
    "certificate-wrong-purpose",
    Subject::Certificate,
    [
        "サイトへのログインには使えない種類の証明書です。",
        "ログイン用の証明書が入ったトークンかどうか、発行元に確認してください。",
    ],
    [
        "It is not meant for signing in to sites.",
        "Ask the issuer whether the token should hold one that is.",
    ],
);

pub const CERTIFICATE_NONE: Finding = trouble(
    "certificate-none",
    Subject::Certificate,
    [
        "トークンに、ログインに使える証明書が入っていません。",
        "別のトークンがあれば差し替えてください。なければ、発行元に確認してください。",
    ],
    [
        "The token holds no certificate to sign in with.",
        "If you have another token, plug that in; otherwise ask the issuer.",
    ],
);

#[cfg(test)]
pub const CARD_FINDINGS: &[&Finding] = &[
    &TOKEN_GOOD,
    &TOKEN_ABSENT,
    &TOKEN_MUTE,
    &TOKEN_UNSUPPORTED,
    &TOKEN_OTHER_CARD,
    &TOKEN_NOT_INITIALISED,
    &TOKEN_BUSY,
    &TOKEN_FAILED,
    &PIN_GOOD,
    &PIN_FEW_TRIES,
    &PIN_LOCKED,
    &PIN_UNKNOWN,
    &CERTIFICATE_GOOD,
    &CERTIFICATE_EXPIRING,
    &CERTIFICATE_EXPIRED,
    &CERTIFICATE_OLD,
    &CERTIFICATE_NOT_YET_VALID,
    &CERTIFICATE_WRONG_PURPOSE,
    &CERTIFICATE_NONE,
];
