"""What languages are called, and which are written from right to left."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ._cldr import cldr_formats
from ._codes import parse

_NAMES = (
    ("af_ZA", "Afrikaans", "Afrikaans"),
    ("am_ET", "Amharic", "አማርኛ"),
    ("ar_AR", "Arabic", "العربية"),
    ("az_AZ", "Azerbaijani", "Azərbaycanca"),
    ("be_BY", "Belarusian", "Беларуская"),
    ("bg_BG", "Bulgarian", "Български"),
    ("bn_IN", "Bengali", "বাংলা"),
    ("bs_BA", "Bosnian", "Bosanski"),
    ("ca_ES", "Catalan", "Català"),
    ("cs_CZ", "Czech", "Čeština"),
    ("cy_GB", "Welsh", "Cymraeg"),
    ("da_DK", "Danish", "Dansk"),
    ("de_DE", "German", "Deutsch"),
    ("el_GR", "Greek", "Ελληνικά"),
    ("en_GB", "English (UK)", "English (UK)"),
    ("en_US", "English (US)", "English (US)"),
    ("es_ES", "Spanish (Spain)", "Español (España)"),
    ("es_LA", "Spanish", "Español"),
    ("et_EE", "Estonian", "Eesti"),
    ("eu_ES", "Basque", "Euskara"),
    ("fa_IR", "Persian", "فارسی"),
    ("fi_FI", "Finnish", "Suomi"),
    ("fr_CA", "French (Canada)", "Français (Canada)"),
    ("fr_FR", "French", "Français"),
    ("ga_IE", "Irish", "Gaeilge"),
    ("gl_ES", "Galician", "Galego"),
    ("he_IL", "Hebrew", "עברית"),
    ("hi_IN", "Hindi", "हिन्दी"),
    ("hr_HR", "Croatian", "Hrvatski"),
    ("hu_HU", "Hungarian", "Magyar"),
    ("hy_AM", "Armenian", "Հայերեն"),
    ("id_ID", "Indonesian", "Bahasa Indonesia"),
    ("is_IS", "Icelandic", "Íslenska"),
    ("it_IT", "Italian", "Italiano"),
    ("ja_JP", "Japanese", "日本語"),
    ("ka_GE", "Georgian", "ქართული"),
    ("kk_KZ", "Kazakh", "Қазақ тілі"),
    ("km_KH", "Khmer", "ខ្មែរ"),
    ("ko_KR", "Korean", "한국어"),
    ("lt_LT", "Lithuanian", "Lietuvių"),
    ("lv_LV", "Latvian", "Latviešu"),
    ("mk_MK", "Macedonian", "Македонски"),
    ("ml_IN", "Malayalam", "മലയാളം"),
    ("ms_MY", "Malay", "Bahasa Melayu"),
    ("nb_NO", "Norwegian (Bokmål)", "Norsk (bokmål)"),
    ("nl_NL", "Dutch", "Nederlands"),
    ("nn_NO", "Norwegian (Nynorsk)", "Norsk (nynorsk)"),
    ("pa_IN", "Punjabi", "ਪੰਜਾਬੀ"),
    ("pl_PL", "Polish", "Polski"),
    ("pt_BR", "Portuguese (Brazil)", "Português (Brasil)"),
    ("pt_PT", "Portuguese (Portugal)", "Português (Portugal)"),
    ("ro_RO", "Romanian", "Română"),
    ("ru_RU", "Russian", "Русский"),
    ("sk_SK", "Slovak", "Slovenčina"),
    ("sl_SI", "Slovenian", "Slovenščina"),
    ("sq_AL", "Albanian", "Shqip"),
    ("sr_RS", "Serbian", "Српски"),
    ("sv_SE", "Swedish", "Svenska"),
    ("sw_KE", "Swahili", "Kiswahili"),
    ("ta_IN", "Tamil", "தமிழ்"),
    ("te_IN", "Telugu", "తెలుగు"),
    ("th_TH", "Thai", "ภาษาไทย"),
    ("tl_PH", "Filipino", "Filipino"),
    ("tr_TR", "Turkish", "Türkçe"),
    ("uk_UA", "Ukrainian", "Українська"),
    ("ur_PK", "Urdu", "اردو"),
    ("uz_UZ", "Uzbek", "O\u02bbzbekcha"),
    ("vi_VN", "Vietnamese", "Tiếng Việt"),
    ("zh_CN", "Chinese (Simplified)", "中文(简体)"),
    ("zh_TW", "Chinese (Traditional)", "中文(繁體)"),
)

LOCALE_NAMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {code: MappingProxyType({"name_en": english, "name": name}) for code, english, name in _NAMES}
)
"""By code, what a language is called in English (`name_en`) and by its speakers (`name`)."""

_OF_LANGUAGES = {
    code.partition("_")[0]: name for code, english, name in _NAMES if "(" not in english
} | {
    "en": "English",
    "nb": "Norsk (bokmål)",
    "nn": "Norsk (nynorsk)",
    "pt": "Português",
    "zh": "中文",
}

_RIGHT_TO_LEFT_LANGUAGES = frozenset(
    (
        "ar",
        "arc",
        "ckb",
        "dv",
        "fa",
        "glk",
        "he",
        "iw",
        "ji",
        "ks",
        "lrc",
        "mzn",
        "nqo",
        "pnb",
        "ps",
        "sd",
        "syr",
        "ug",
        "ur",
        "yi",
    )
)
_RIGHT_TO_LEFT_SCRIPTS = frozenset(
    (
        "Adlm",
        "Arab",
        "Aran",
        "Hebr",
        "Mand",
        "Mend",
        "Nkoo",
        "Rohg",
        "Samr",
        "Syrc",
        "Syre",
        "Syrj",
        "Syrn",
        "Thaa",
    )
)


def display_name(code: str) -> str:
    """Return what its speakers call the language; `code` when neither we nor the CLDR know."""
    if code in LOCALE_NAMES:
        return LOCALE_NAMES[code]["name"]
    if code in _OF_LANGUAGES:
        return _OF_LANGUAGES[code]
    cldr = cldr_formats(code)
    return cldr.name() if cldr else _OF_LANGUAGES.get(code.partition("_")[0], code)


def is_right_to_left(code: str) -> bool:
    """Tell whether the language is written from right to left, by its script if it names one."""
    parts = parse(code)
    if parts is None:
        return False
    if parts.script:
        return parts.script in _RIGHT_TO_LEFT_SCRIPTS
    return parts.language in _RIGHT_TO_LEFT_LANGUAGES
