//! Why a module is not added, told with situation and advice.

use kagibashi_protocol::modules::ModuleTrouble as Told;
use kagibashi_token::ModuleTrouble;
use kagibashi_token::driver::pkcs11::FileRefusal;

use super::file::MODULES_MAX;
use crate::language::Language;

/// Why a module was not added, removed or changed.
#[derive(Debug, thiserror::Error)]
pub enum ModuleRefusal {
    /// The file must not be loaded, or could not be.
    #[error("the module can't be used: {0}")]
    Trouble(#[from] ModuleTrouble),
    /// A name that could be taken for something else.
    #[error("this can't be the name of a module")]
    Name,
    /// There is one of that name, or of that file, already.
    #[error("there is such a module already: {0}")]
    Known(String),
    /// There is none of that name.
    #[error("there is no module of that name")]
    Unknown,
    /// There are as many as there can be.
    #[error("there are too many modules")]
    TooMany,
    /// The file of the modules can't be read or written.
    #[error("the list of modules can't be kept")]
    List(#[from] std::io::Error),
}

impl ModuleRefusal {
    /// A name for scripts; it never changes its meaning.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Trouble(trouble) => trouble_id(trouble),
            Self::Name => "name-invalid",
            Self::Known(_) => "already-added",
            Self::Unknown => "unknown-module",
            Self::TooMany => "too-many-modules",
            Self::List(_) => "list-not-kept",
        }
    }

    /// All of it, for those who show or print it.
    pub fn told(&self, language: Language) -> Told {
        Told {
            id: self.id().to_owned(),
            situation: self.situation(language),
            advice: self.advice(language),
        }
    }

    /// What happened, for a person.
    pub fn situation(&self, language: Language) -> String {
        let fixed = |japanese: &str, english: &str| language.choose(japanese, english).to_owned();
        match self {
            Self::Trouble(trouble) => trouble_situation(trouble, language),
            Self::Name => fixed(
                "その名前は使えません。",
                "This can't be the name of a module.",
            ),
            Self::Known(name) => match language {
                Language::Japanese => format!("そのモジュールはすでに登録されています({name})。"),
                Language::English => format!("This module has been added already ({name})."),
            },
            Self::Unknown => fixed(
                "その名前のモジュールは登録されていません。",
                "There is no module of that name.",
            ),
            Self::TooMany => match language {
                Language::Japanese => format!("モジュールは {MODULES_MAX} 個までです。"),
                Language::English => format!("There can be {MODULES_MAX} modules at most."),
            },
            Self::List(error) => match language {
                Language::Japanese => format!("モジュールの一覧を保存できません({error})。"),
                Language::English => format!("The list of modules can't be kept ({error})."),
            },
        }
    }

    /// What to do now, for a person.
    pub fn advice(&self, language: Language) -> String {
        let (japanese, english) = match self {
            Self::Trouble(trouble) => return trouble_advice(trouble, language),
            Self::Name => (
                "文字、数字、空白、「.」「_」「-」で 32 文字までの名前で、端末で登録してください(kagibashi module add --name)。",
                "At the terminal, give a name with --name: at most 32 letters, digits, spaces, \".\", \"_\" or \"-\".",
            ),
            Self::Known(_) => (
                "別の名前で登録し直すときは、先に今の登録を削除してください(端末では kagibashi module remove)。",
                "To add it under another name, remove it first (at the terminal with kagibashi module remove).",
            ),
            Self::Unknown => (
                "登録したモジュールの一覧で名前を確かめてください(端末では kagibashi module list)。",
                "See the names in the list of modules (at the terminal with kagibashi module list).",
            ),
            Self::TooMany => (
                "使わないモジュールの登録を削除してください(端末では kagibashi module remove)。",
                "Remove those that you do not use (at the terminal with kagibashi module remove).",
            ),
            Self::List(_) => (
                "設定フォルダーの権限と、ディスクの空きを確かめてください。",
                "Check the permissions of the folder of settings and the free disk space.",
            ),
        };
        language.choose(japanese, english).to_owned()
    }
}

/// A name for scripts of what is the matter with a module.
fn trouble_id(trouble: &ModuleTrouble) -> &'static str {
    match trouble {
        ModuleTrouble::File(FileRefusal::Relative) => "path-relative",
        ModuleTrouble::File(FileRefusal::Unreadable(_)) => "file-unreadable",
        ModuleTrouble::File(FileRefusal::NotRegular) => "file-not-regular",
        ModuleTrouble::File(FileRefusal::NotLibrary) => "file-not-library",
        ModuleTrouble::File(FileRefusal::Writable(_)) => "file-writable-by-others",
        ModuleTrouble::File(FileRefusal::Foreign(_)) => "file-of-another-person",
        ModuleTrouble::File(FileRefusal::OurOwn) | ModuleTrouble::OurOwn => "own-module",
        ModuleTrouble::NotLoaded(_) => "not-loaded",
        ModuleTrouble::Crashed => "crashed",
        ModuleTrouble::Silent { .. } => "no-answer",
        ModuleTrouble::Rubbish => "bad-answer",
        _ => "failed",
    }
}

/// What is the matter with a module, for a person.
fn trouble_situation(trouble: &ModuleTrouble, language: Language) -> String {
    let (japanese, english) = match trouble {
        ModuleTrouble::File(FileRefusal::Writable(path) | FileRefusal::Foreign(path)) => {
            let path = path.display();
            return match language {
                Language::Japanese => format!("ほかのユーザーが変更できる場所にあります: {path}"),
                Language::English => format!("Other users can change it: {path}"),
            };
        }
        ModuleTrouble::File(FileRefusal::Unreadable(why)) => {
            return match language {
                Language::Japanese => format!("ファイルを読み取れません({why})。"),
                Language::English => format!("The file can't be read ({why})."),
            };
        }
        ModuleTrouble::Silent { limit } => {
            let seconds = limit.as_secs();
            return match language {
                Language::Japanese => format!("モジュールが {seconds} 秒以内に応答しません。"),
                Language::English => {
                    format!("The module did not answer within {seconds} seconds.")
                }
            };
        }
        ModuleTrouble::NotLoaded(why) | ModuleTrouble::NotStarted(why) => {
            return match language {
                Language::Japanese => format!("モジュールを読み込めません({why})。"),
                Language::English => format!("The module can't be loaded ({why})."),
            };
        }
        ModuleTrouble::File(FileRefusal::Relative) => (
            "パスが絶対パスではありません。",
            "The path is not an absolute one.",
        ),
        ModuleTrouble::File(FileRefusal::NotRegular) => {
            ("ファイルではありません。", "This is not a regular file.")
        }
        ModuleTrouble::File(FileRefusal::NotLibrary) => (
            "このシステムの共有ライブラリではありません。",
            "This is not a shared library of this system.",
        ),
        ModuleTrouble::File(FileRefusal::OurOwn) | ModuleTrouble::OurOwn => (
            "これは鍵橋自身のモジュールです。",
            "This is the module of Kagibashi itself.",
        ),
        ModuleTrouble::Crashed => ("モジュールが異常終了しました。", "The module has crashed."),
        ModuleTrouble::Rubbish => (
            "モジュールの応答が正しくありません。",
            "The module answers rubbish.",
        ),
        other => {
            return match language {
                Language::Japanese => format!("モジュールが失敗しました({other})。"),
                Language::English => format!("The module has failed ({other})."),
            };
        }
    };
    language.choose(japanese, english).to_owned()
}

/// What to do about it, for a person.
fn trouble_advice(trouble: &ModuleTrouble, language: Language) -> String {
    let (japanese, english) = match trouble {
        ModuleTrouble::File(FileRefusal::Relative) => (
            "「/」やドライブ名から始まるパスを指定してください。",
            "Give the whole path, from \"/\" or the drive on.",
        ),
        ModuleTrouble::File(FileRefusal::Writable(_)) if cfg!(windows) => (
            "メーカーのインストーラーで、管理者だけが変更できるフォルダー(Program Files など)に入れてください。",
            "Install it by its maker's installer, into a folder that only administrators can change (such as Program Files).",
        ),
        ModuleTrouble::File(FileRefusal::Writable(_)) => (
            "ファイルとフォルダーの書き込み権限を所有者だけにするか(chmod go-w)、管理者だけが変更できるフォルダーに置いてください。",
            "Let nobody but its owner write the file and its folder (chmod go-w), or have it in a folder that only administrators can change.",
        ),
        ModuleTrouble::File(FileRefusal::Foreign(_)) => (
            "管理者が入れたファイルか、自分のファイルを指定してください。",
            "Give a file that an administrator has installed, or one of your own.",
        ),
        ModuleTrouble::File(
            FileRefusal::Unreadable(_) | FileRefusal::NotRegular | FileRefusal::NotLibrary,
        ) => (
            "トークンのメーカーの説明書で、PKCS#11 モジュールのファイルを確かめてください。見つかったものは kagibashi module list に表示されます。",
            "See in the manual of the token's maker which file its PKCS#11 module is. Those that were found are in kagibashi module list.",
        ),
        ModuleTrouble::File(FileRefusal::OurOwn) | ModuleTrouble::OurOwn => (
            "鍵橋が対応しているトークンには、登録は要りません。",
            "Tokens that Kagibashi serves by itself need no module.",
        ),
        ModuleTrouble::NotLoaded(_) => (
            "このパソコンと同じ種類(64 ビットなど)のモジュールか、必要なソフトウェアがそろっているかを、メーカーに確かめてください。",
            "Ask its maker whether it is for this kind of computer (64 bits, say), and whether other software has to be there, too.",
        ),
        _ => (
            "メーカーの新しい版があれば入れ替え、トークンを挿し直して、もう一度操作してください。",
            "Install a newer version by its maker if there is one, put the token in again, and try again.",
        ),
    };
    language.choose(japanese, english).to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_refusal_is_told_in_both_languages() {
        let path = PathBuf::from("/lib/x.so");
        let troubles = [
            FileRefusal::Relative.into(),
            FileRefusal::Unreadable("gone".into()).into(),
            FileRefusal::NotRegular.into(),
            FileRefusal::NotLibrary.into(),
            FileRefusal::Writable(path.clone()).into(),
            FileRefusal::Foreign(path).into(),
            FileRefusal::OurOwn.into(),
            ModuleTrouble::OurOwn,
            ModuleTrouble::NotLoaded("no".into()),
            ModuleTrouble::NotStarted("no".into()),
            ModuleTrouble::Crashed,
            ModuleTrouble::Rubbish,
            ModuleTrouble::Silent {
                limit: Duration::from_secs(3),
            },
            ModuleTrouble::Refused("C_Initialize answered CKR_GENERAL_ERROR".into()),
        ];
        let mut refusals: Vec<_> = troubles.into_iter().map(ModuleRefusal::Trouble).collect();
        refusals.extend([
            ModuleRefusal::Name,
            ModuleRefusal::Known("x".into()),
            ModuleRefusal::Unknown,
            ModuleRefusal::TooMany,
            ModuleRefusal::List(std::io::Error::other("disk")),
        ]);
        for refusal in refusals {
            let told = [Language::Japanese, Language::English].map(|language| {
                let (situation, advice) = (refusal.situation(language), refusal.advice(language));
                assert!(situation.len() > 5 && advice.len() > 5, "{refusal}");
                (situation, advice)
            });
            assert_ne!(told[0], told[1], "{refusal}");
        }
    }
}
