//! Modules added and removed in the browser's management page.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::browser::{Browser, our_origin};
use crate::person::Person;
use crate::softhsm::{MODULE, SoftHsm};

/// A page that asks one thing after the other.
struct Page {
    browser: Browser,
    asked: u32,
}

impl Page {
    fn of(person: &Person) -> Self {
        Self::by(person.program())
    }

    fn by(mut command: Command) -> Self {
        command.arg(our_origin());
        Self {
            browser: Browser::start_by(command).greeted(),
            asked: 0,
        }
    }

    fn ask(&mut self, command: &str, arguments: &Value) -> Value {
        self.asked += 1;
        self.browser.request(self.asked, command, arguments);
        let response = self.browser.next_of("response");
        assert_eq!(response["request"], self.asked, "{response}");
        response["result"].clone()
    }

    fn list(&mut self) -> Value {
        self.ask("modules", &json!({"language": "en"}))
    }

    /// The id of the refusal; null when it was done.
    fn add(&mut self, path: &str, name: Option<&str>) -> Value {
        let arguments = json!({"path": path, "name": name, "language": "ja"});
        self.ask("add-module", &arguments)["refusal"]["id"].clone()
    }

    fn tokens(&mut self) -> usize {
        let tokens = self.ask("tokens", &json!({}));
        tokens["tokens"].as_array().unwrap().len()
    }
}

#[test]
fn a_module_is_added_preferred_and_removed_in_the_page() {
    let softhsm = SoftHsm::new();
    softhsm.make_token("デモ");
    let (variable, value) = softhsm.variable();
    let person = Person::new().with(variable, value);
    let mut page = Page::of(&person);
    let suggests = |listed: &Value| {
        let suggestions = listed["suggestions"].as_array().unwrap();
        suggestions.iter().any(|it| it["path"] == MODULE)
    };
    let listed = page.list();
    assert_eq!(listed["modules"], json!([]));
    assert!(suggests(&listed), "{listed}");

    assert_eq!(page.add(MODULE, Some("SoftHSM")), Value::Null);
    let listed = page.list();
    let module = &listed["modules"][0];
    assert_eq!(
        [&module["name"], &module["path"], &module["trouble"]],
        [&json!("SoftHSM"), &json!(MODULE), &Value::Null]
    );
    assert_eq!(module["tokens"], 1, "{listed}");
    let description = module["description"].as_str().unwrap();
    assert!(description.contains("SoftHSM"), "{description}");
    assert!(!suggests(&listed), "{listed}");
    assert_eq!(page.tokens(), 1);
    // The terminal sees the same.
    let at_terminal = person.json(&["module", "list", "--json"]);
    assert_eq!(at_terminal["modules"][0]["name"], "SoftHSM");

    let prefer = json!({"name": "SoftHSM", "beforeOwn": true, "language": "en"});
    assert_eq!(page.ask("prefer-module", &prefer), json!({"refusal": null}));
    assert_eq!(page.list()["modules"][0]["beforeOwn"], true);

    let remove = json!({"name": "SoftHSM", "language": "en"});
    assert_eq!(page.ask("remove-module", &remove), json!({"refusal": null}));
    assert_eq!(page.list()["modules"], json!([]));
    let refusal = page.ask("remove-module", &remove)["refusal"].clone();
    assert_eq!(refusal["id"], "unknown-module", "{refusal}");
    assert_eq!(refusal["situation"], "There is no module of that name.");
}

#[test]
fn what_the_terminal_refuses_the_page_refuses_in_its_language() {
    let softhsm = SoftHsm::new();
    let (variable, value) = softhsm.variable();
    let person = Person::new().with(variable, value);
    let mut page = Page::of(&person);
    let text = person.folder().join("text.so");
    fs::write(&text, "no library").unwrap();
    for (path, id) in [
        ("libsofthsm2.so", "path-relative"),
        ("/nonexistent/module.so", "file-unreadable"),
        (text.to_str().unwrap(), "file-not-library"),
    ] {
        assert_eq!(page.add(path, None), id, "{path}");
    }
    assert_eq!(page.add(MODULE, Some("a: b")), "name-invalid");
    assert!(!person.modules_file().exists(), "nothing was added");

    let relative = |language: &str| json!({"path": "x.so", "name": null, "language": language});
    let japanese = page.ask("add-module", &relative("ja"))["refusal"].clone();
    let english = page.ask("add-module", &relative("en"))["refusal"].clone();
    assert_ne!(japanese["situation"], english["situation"]);
    assert_ne!(japanese["advice"], english["advice"]);

    // A list that can't be read is not taken for an empty one.
    fs::create_dir_all(person.modules_file()).unwrap();
    page.browser
        .request(1000, "modules", &json!({"language": "ja"}));
    page.browser.fails_with("storage-failed");
    assert_eq!(page.add(MODULE, None), "list-not-kept");
}

#[test]
fn a_module_is_loaded_although_an_update_has_taken_the_program_away() {
    let softhsm = SoftHsm::new();
    softhsm.make_token("デモ");
    let (variable, value) = softhsm.variable();
    let person = Person::new().with(variable, value);
    let program = person.folder().join("kagibashi");
    fs::copy(env!("CARGO_BIN_EXE_kagibashi"), &program).unwrap();
    let mut command = Command::new(&program);
    for (name, value) in person.program().get_envs() {
        command.env(name, value.unwrap());
    }
    let mut page = Page::by(command);
    fs::remove_file(&program).unwrap();
    assert_eq!(page.add(MODULE, Some("SoftHSM")), Value::Null);
    assert_eq!(page.tokens(), 1);
}
