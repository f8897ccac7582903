//! The text format of Prometheus (0.0.4), for those who do not ask for `OpenMetrics`: the same samples, but a counter's name
//! has its `_total` in the descriptions too, and there are neither units nor an end.

use std::fmt::Write;

/// From one format to the other. Writing to a string cannot fail.
pub(super) fn classic(openmetrics: &str) -> String {
    let mut text = String::with_capacity(openmetrics.len());
    let mut help = None;
    for line in openmetrics.lines() {
        let Some(comment) = line.strip_prefix("# ") else {
            text.push_str(line);
            text.push('\n');
            continue;
        };
        match comment.split_once(' ') {
            // What it is follows, and decides the name.
            Some(("HELP", described)) => help = Some(described),
            Some(("TYPE", described)) => {
                let (name, kind) = described.split_once(' ').unwrap_or((described, "untyped"));
                let suffix = if kind == "counter" { "_total" } else { "" };
                if let Some((_, words)) = help.take().and_then(|help| help.split_once(' ')) {
                    let _ = writeln!(text, "# HELP {name}{suffix} {words}");
                }
                let _ = writeln!(text, "# TYPE {name}{suffix} {kind}");
            }
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_has_its_whole_name_everywhere() {
        let openmetrics = "# HELP a_seconds Time.\n# TYPE a_seconds counter\n# UNIT a_seconds seconds\na_seconds_total 1\n\
                           # HELP b Number.\n# TYPE b gauge\nb{c=\"# d\"} 2\n# EOF\n";
        let expected = "# HELP a_seconds_total Time.\n# TYPE a_seconds_total counter\na_seconds_total 1\n\
                        # HELP b Number.\n# TYPE b gauge\nb{c=\"# d\"} 2\n";
        assert_eq!(classic(openmetrics), expected);
    }
}
