//! Any tree through one format into the other and back: the same, but for what is said here.

use proptest::prelude::*;
use treering_format_bin::BinFormat;
use treering_format_json::JsonFormat;
use treering_snapshot::{Counts, Loss};

use super::documents::{as_exact_json, as_one_decimal, convert, decode, document, encode, meta};

fn config() -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 64;
    }
    config
}

proptest! {
    #![proptest_config(config())]

    /// `.bin` keeps every bit of every value, NaN's too.
    #[test]
    fn prop_any_document_comes_back_from_bin_bit_by_bit(document in document(), meta in meta()) {
        let (bytes, counts) = encode(&BinFormat, &document, &meta);
        let len_bytes = bytes.len().try_into().unwrap();
        prop_assert_eq!(counts, Counts { len_bytes, loss: Loss::default(), ..document.counts() });
        prop_assert!(convert(&BinFormat, &bytes, &BinFormat).0 == bytes, "bytes differ");
        prop_assert_eq!(decode(&BinFormat, &bytes), (document, meta));
    }

    /// What exact JSON cannot hold is that a value is infinite, and which NaN it is: both come back as no sample, and
    /// the infinite ones are counted.
    #[test]
    fn prop_any_document_goes_through_bin_and_exact_json(document in document(), meta in meta()) {
        let exact = JsonFormat::exact();
        let (held, loss) = as_exact_json(&document);
        let (bin, _) = encode(&BinFormat, &document, &meta);
        let (json, counts) = convert(&BinFormat, &bin, &exact);
        let len_bytes = json.len().try_into().unwrap();
        prop_assert_eq!(counts, Counts { len_bytes, loss, ..document.counts() });
        prop_assert_eq!(decode(&exact, &json), (held.clone(), meta.clone()));

        let (again, counts) = convert(&exact, &json, &BinFormat);
        prop_assert_eq!(counts.loss, Loss::default());
        prop_assert!(again == encode(&BinFormat, &held, &meta).0, "bytes differ");
        if held == document {
            prop_assert!(again == bin, "bytes differ");
        }
        // Nothing is left to lose.
        let (json_again, counts) = convert(&BinFormat, &again, &exact);
        prop_assert!(json_again == json, "texts differ");
        prop_assert_eq!(counts.loss, Loss::default());
    }

    /// One decimal loses at once all that it loses, and says how many values that changes.
    #[test]
    fn prop_one_decimal_loses_nothing_the_second_time(document in document(), meta in meta()) {
        let format = JsonFormat::one_decimal();
        let (held, loss) = as_one_decimal(&document);
        let (json, counts) = encode(&format, &document, &meta);
        prop_assert_eq!(counts.loss, loss);
        prop_assert_eq!(decode(&format, &json), (held.clone(), meta.clone()));

        let (bin, _) = convert(&format, &json, &BinFormat);
        let (again, counts) = convert(&BinFormat, &bin, &format);
        prop_assert!(again == json, "texts differ");
        prop_assert_eq!(counts.loss, Loss::default());
        // Nor does exact text lose anything of it.
        let (exact, counts) = convert(&format, &json, &JsonFormat::exact());
        prop_assert_eq!(counts.loss, Loss::default());
        prop_assert_eq!(decode(&format, &exact), (held, meta));
    }

    /// Losses of many files add up.
    #[test]
    fn prop_losses_add_up(documents in proptest::collection::vec(document(), 0..4), meta in meta()) {
        let (mut told, mut expected) = (Loss::default(), Loss::default());
        for document in &documents {
            told += encode(&JsonFormat::one_decimal(), document, &meta).1.loss;
            let (_, loss) = as_one_decimal(document);
            expected.infinite += loss.infinite;
            expected.rounded += loss.rounded;
        }
        prop_assert_eq!(told, expected);
        prop_assert_eq!(told.any(), told.infinite + told.rounded > 0);
    }
}
