//! Texts that no writer makes: what is small in them and costs memory or time to read.

/// What it is, and the text, of about `len_bytes`.
pub(crate) fn all(len_bytes: usize) -> Vec<(&'static str, Vec<u8>)> {
    let repeated = |before: &str, what: &str, behind: &str| {
        let count = len_bytes / what.len();
        let text = format!("{before}{}{behind}", what.repeat(count));
        text.into_bytes()
    };
    vec![
        ("values of one digit", repeated(r#"{"metrics":{"m":{"data":["#, "1,", "1]}}}")),
        ("negative zeros", repeated(r#"{"metrics":{"m":{"data":["#, "-0,", "1]}}}")),
        ("nulls", repeated(r#"{"metrics":{"m":{"data":["#, "null,", "1]}}}")),
        ("one long number", repeated(r#"{"metrics":{"m":{"data":[0."#, "1", "]}}}")),
        ("white space", repeated(r#"{"metrics":{"m":{"data":["#, " \n", "1]}}}")),
        ("empty columns of one name", repeated(r#"{"metrics":{"#, r#""":{},"#, r#""":{}}}"#)),
        ("columns of one value", repeated(r#"{"metrics":{"#, r#""":{"data":[1]},"#, r#""":{}}}"#)),
        ("null columns", repeated(r#"{"metrics":{"#, r#""":null,"#, r#""":{}}}"#)),
        ("columns that are numbers", repeated(r#"{"metrics":{"#, r#""":1,"#, r#""":1}}"#)),
        ("empty levels of one name", repeated(r#"{"children":{"#, r#""":{},"#, r#""":{}}}"#)),
        ("null levels", repeated(r#"{"children":{"#, r#""":null,"#, r#""":{}}}"#)),
        ("maps of metrics", repeated("{", r#""metrics":{"":{}},"#, r#""to":1}"#)),
        ("maps of children", repeated("{", r#""children":{"":{}},"#, r#""to":1}"#)),
        ("nulls for metrics", repeated("{", r#""metrics":null,"#, r#""to":1}"#)),
        ("columns behind children", repeated("{", r#""children":{"":{}},"metrics":{"":{}},"#, r#""to":1}"#)),
        ("unknown keys", repeated("{", r#""":0,"#, r#""to":1}"#)),
        ("texts for values", repeated(r#"{"metrics":{"m":{"data":["#, r#""","#, "1]}}}")),
        ("data again and again", repeated(r#"{"metrics":{"m":{"#, r#""data":[1],"#, r#""start":1}}}"#)),
        ("one long name", repeated(r#"{"metrics":{""#, r"\u0041", r#"":{}}}"#)),
        ("a name of bytes that are no text", {
            let mut text = repeated(r#"{"metrics":{""#, "?", r#"":{}}}"#);
            text.iter_mut().filter(|byte| **byte == b'?').for_each(|byte| *byte = 0xFF);
            text
        }),
        ("brackets", repeated("", "[", "")),
        ("braces", repeated("", "{\"\":", "")),
        ("brackets in a value", repeated(r#"{"metrics":{"m":{"data":["#, "[", "")),
        ("levels in each other", repeated("", r#"{"children":{"":"#, "")),
        ("an open string", repeated(r#"{""#, "x", "")),
        ("backslashes", repeated(r#"{""#, r"\", "")),
        ("zeros", vec![0; len_bytes]),
        ("commas", repeated("{", ",", "")),
    ]
}
