//! Pages with holes: `{{name}}` becomes a value, escaped for HTML.

/// Fills every hole of `template`. A name that `value_of` does not know stays
/// visible as it is, which the tests of the pages look for.
pub(crate) fn fill(template: &str, value_of: impl Fn(&str) -> Option<String>) -> String {
    let mut page = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        page.push_str(before);
        let Some((name, behind)) = after.split_once("}}") else {
            page.push_str("{{");
            rest = after;
            break;
        };
        match value_of(name.trim()) {
            Some(value) => escape_into(&value, &mut page),
            None => page.extend(["{{", name, "}}"]),
        }
        rest = behind;
    }
    page.push_str(rest);
    page
}

fn escape_into(text: &str, page: &mut String) {
    for c in text.chars() {
        match c {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            other => page.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_and_never_filled_again() {
        let value_of = |name: &str| match name {
            "a" => Some("<b id=\"x\" class='y'>&{{b}}".to_owned()),
            "b" => Some("never".to_owned()),
            _ => None,
        };
        assert_eq!(
            fill("{{a}}|{{ unknown }}|{{", value_of),
            "&lt;b id=&quot;x&quot; class=&#39;y&#39;&gt;&amp;{{b}}|{{ unknown }}|{{"
        );
    }
}
