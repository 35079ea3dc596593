//! What short numbers look like, and how all characters of one are checked and read at once.

/// The longest number that has a form: what fits into a word.
pub(super) const FORM_BYTES: usize = 8;

/// Sign or not, length, digits behind the point.
static FORMS: [[[Form; FORM_BYTES]; FORM_BYTES + 1]; 2] = forms();

const EACH_BYTE: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x80 * EACH_BYTE;

/// Added to a byte below 0x80 this sets its high bit if it is not one of 0 to 9.
const NO_DIGIT: u64 = 0x76;
/// The same, if it is not 0.
const NOT_ZERO: u64 = 0x7F;

/// How long a number is, and where it has a sign and a point.
pub(super) struct Form {
    pub(super) len: usize,
    /// All bits of the number's bytes, which are the last ones of a word.
    mask: u64,
    /// The sign, the point, and zeros for all else.
    zeros: u64,
    /// What tells by a high bit that a byte is not what it should be.
    check: u64,
    /// The bytes before the point, and those behind it; without a point all are behind it.
    before: u64,
    behind: u64,
    /// The smallest number of so many digits, with what is behind the point: below it there is a zero too many.
    least: u64,
    /// A power of ten, negative if the number is.
    divisor: f32,
}

impl Form {
    /// No number has it.
    pub(super) const NONE: Self = form(false, 0, 0);

    /// The form of a number of this length that ends with this word, if it is a number.
    pub(super) fn of(word: u64, len: usize) -> Option<&'static Self> {
        let of_len = FORMS.first()?.get(len)?;
        let mask = of_len.first()?.mask;
        let points = equal(word, b'.') & mask;
        // Without a point it is all eight bytes, or none.
        let behind = (points.leading_zeros() / 8) as usize % FORM_BYTES;
        let negative = equal(word, b'-') & mask & mask.wrapping_neg() << 7 != 0;
        FORMS.get(usize::from(negative))?.get(len)?.get(behind)
    }

    /// The value of a number that ends with this word; `None` if there is none of this form.
    ///
    /// It has at most 7 digits with a point and 8 without, so what is divided and what it is divided by are exact, and
    /// the result is rounded once. It is the same as if it were rounded to double precision first: in lowest terms
    /// `digits / 10^6` lies by more than 2^-53 of itself from the middle of two values, if it is not just there.
    pub(super) fn value(&self, word: u64) -> Option<f32> {
        let digits = (word ^ self.zeros) & self.mask;
        if (digits.wrapping_add(self.check) | digits) & HIGH_BITS != 0 {
            return None;
        }
        let number = number((digits & self.behind) | ((digits & self.before) << 8));
        (number >= self.least).then(|| number as f32 / self.divisor)
    }
}

/// The number that the last `count` bytes of a word are, if they are digits; there are at most eight.
pub(super) fn digits(word: u64, count: usize) -> Option<u64> {
    let form = FORMS.first()?.get(count)?.first()?;
    let digits = (word ^ form.zeros) & form.mask;
    ((digits.wrapping_add(form.check) | digits) & HIGH_BITS == 0).then(|| number(digits))
}

/// The high bit of each byte that is this one, and perhaps of some behind the first of them.
pub(super) fn equal(word: u64, byte: u8) -> u64 {
    let differs = word ^ (u64::from(byte) * EACH_BYTE);
    differs.wrapping_sub(EACH_BYTE) & !differs & HIGH_BITS
}

/// The number of eight digits, the first one in the lowest byte.
fn number(digits: u64) -> u64 {
    const PAIRS: u64 = 0x0000_00FF_0000_00FF;
    // Two digits, then four, then eight in one.
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let (first, second) = (pairs & PAIRS, (pairs >> 16) & PAIRS);
    let eight =
        first.wrapping_mul(100 + (1_000_000 << 32)).wrapping_add(second.wrapping_mul(1 + (10_000 << 32)));
    eight >> 32
}

const fn forms() -> [[[Form; FORM_BYTES]; FORM_BYTES + 1]; 2] {
    let mut forms = [const { [const { [const { form(false, 0, 0) }; FORM_BYTES] }; FORM_BYTES + 1] }; 2];
    let mut len = 0;
    while len <= FORM_BYTES {
        let mut behind = 0;
        while behind < FORM_BYTES {
            forms[0][len][behind] = form(false, len, behind);
            forms[1][len][behind] = form(true, len, behind);
            behind += 1;
        }
        len += 1;
    }
    forms
}

const fn form(negative: bool, len: usize, behind: usize) -> Form {
    let taken = negative as usize + if behind > 0 { behind + 1 } else { 0 };
    // Without a digit before the point nothing is as large as the least number.
    let whole = len.saturating_sub(taken);
    let least = match whole {
        0 => u64::MAX,
        1 => 0,
        _ => ten_to(whole - 1 + behind),
    };
    let mut form = Form {
        len,
        mask: last_bytes(len),
        zeros: b'0' as u64 * EACH_BYTE,
        check: NO_DIGIT * EACH_BYTE,
        before: 0,
        behind: u64::MAX,
        least,
        divisor: if negative { -(ten_to(behind) as f32) } else { ten_to(behind) as f32 },
    };
    if negative && len > 0 {
        form.put(FORM_BYTES - len, b'-');
    }
    if behind > 0 {
        form.put(FORM_BYTES - 1 - behind, b'.');
        form.behind = last_bytes(behind);
        form.before = !last_bytes(behind + 1);
    }
    form
}

impl Form {
    /// This byte of a word is not a digit but this.
    const fn put(&mut self, at: usize, byte: u8) {
        let shift = 8 * at;
        self.zeros ^= ((b'0' ^ byte) as u64) << shift;
        self.check ^= (NO_DIGIT ^ NOT_ZERO) << shift;
    }
}

/// All bits of the last bytes of a word.
const fn last_bytes(count: usize) -> u64 {
    match count {
        0 => 0,
        _ => u64::MAX << (8 * (FORM_BYTES - count)),
    }
}

const fn ten_to(exponent: usize) -> u64 {
    let (mut power, mut n) = (1, 0);
    while n < exponent {
        power *= 10;
        n += 1;
    }
    power
}
