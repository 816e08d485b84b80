//! The hand of the person at the terminal: it holds the software token.

use std::io::{BufRead, Write};

/// Pulls the token out at the first line, plugs it in at the next, and so on,
/// until there are no more lines or the token is gone.
///
/// `token` takes the commands of a running software token.
pub fn follow(lines: impl BufRead, mut token: impl Write, mut say: impl FnMut(&str)) {
    let mut is_plugged_in = true;
    for _ in lines.lines().map_while(Result::ok) {
        let (command, words) = if is_plugged_in {
            ("remove", PULLED_OUT)
        } else {
            ("insert", PLUGGED_IN)
        };
        if writeln!(token, "{command}").is_err() || token.flush().is_err() {
            return;
        }
        is_plugged_in = !is_plugged_in;
        say(words);
    }
}

const PULLED_OUT: &str =
    "トークンを抜きました。Enter で挿入します。 (Pulled out; Enter plugs it in.)";
const PLUGGED_IN: &str =
    "トークンを挿入しました。Enter で抜きます。 (Plugged in; Enter pulls it out.)";

#[cfg(test)]
mod tests {
    use super::{PLUGGED_IN, PULLED_OUT, follow};

    #[test]
    fn every_line_moves_the_token() {
        let mut commands = Vec::new();
        let mut said = Vec::new();
        follow(&b"\n\nwhatever\n"[..], &mut commands, |words| {
            said.push(words.to_owned());
        });
        assert_eq!(commands, b"remove\ninsert\nremove\n");
        assert_eq!(said, [PULLED_OUT, PLUGGED_IN, PULLED_OUT]);
    }
}
