//! The process of a module killed as nothing else kills, in every state.

use kagibashi_token::{Cancel, KeyHandle, Pin, SignatureAlgorithm, Token, TokenError, Tokens};

use crate::softhsm::{Key, MODULE, PIN, SoftHsm};
use crate::worker::{GENEROUS, kill, module, modules, program, tokens};

const RS256: SignatureAlgorithm = SignatureAlgorithm::Rs256;

struct Scene {
    tokens: Tokens,
    reader: String,
    key: KeyHandle,
    /// With a copy of the module: other tests have processes of the first.
    module: tempfile::TempDir,
    _softhsm: SoftHsm,
}

impl Scene {
    fn new() -> Self {
        let softhsm = SoftHsm::new();
        softhsm.make_token("one");
        let key = Key {
            label: "rsa",
            kind: "rsa:2048",
            id: "01",
            always_authenticate: false,
        };
        softhsm.make_key("one", &key);
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("module.so");
        std::fs::copy(MODULE, &copy).unwrap();
        let program = program(&[softhsm.variable()]);
        let tokens = tokens(&modules(&program, GENEROUS, &[module("M", &copy)]));
        let reader = tokens.readers().unwrap()[0].name.clone();
        let mut token = tokens.open(&reader, &Cancel::new()).unwrap();
        let key = token.certificates().unwrap()[0].key.clone().unwrap();
        drop(token);
        Self {
            tokens,
            reader,
            key,
            module: folder,
            _softhsm: softhsm,
        }
    }

    fn open(&self) -> Box<dyn Token> {
        self.tokens.open(&self.reader, &Cancel::new()).unwrap()
    }

    fn kill(&self) {
        kill(&self.module.path().join("module.so"));
    }

    fn signs(&self) {
        let mut token = self.open();
        let mut logged_in = token.login_for(&self.key, &pin()).unwrap();
        logged_in.sign(&self.key, RS256, &[7; 32]).unwrap();
    }
}

fn pin() -> Pin {
    Pin::new(PIN).unwrap()
}

#[test]
fn a_module_killed_between_two_steps_is_started_anew_and_no_pin_is_repeated() {
    let scene = Scene::new();

    // While nothing is going on.
    scene.kill();
    scene.signs();

    // While a token is held that has been looked at.
    let mut token = scene.open();
    token.certificates().unwrap();
    scene.kill();
    token.pin_status().unwrap();
    token.verify_pin(&pin()).unwrap();
    drop(token);

    // Between login and signature: the person is asked anew.
    let mut token = scene.open();
    let mut logged_in = token.login(&pin()).unwrap();
    scene.kill();
    let lost = logged_in.sign(&scene.key, RS256, &[7; 32]);
    assert!(matches!(lost, Err(TokenError::SessionStolen)), "{lost:?}");
    drop(token);
    scene.signs();

    // While a login is kept.
    let mut kept = scene.open().log_in(&pin()).unwrap();
    kept.sign(&scene.key, RS256, &[7; 32]).unwrap();
    scene.kill();
    let lost = kept.sign(&scene.key, RS256, &[7; 32]);
    assert!(matches!(lost, Err(TokenError::SessionStolen)), "{lost:?}");
    drop(kept);
    scene.signs();
}
