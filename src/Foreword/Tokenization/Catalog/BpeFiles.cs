using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Files;
using Foreword.Tokenization.Gpt1;

namespace Foreword.Tokenization.Catalog;

/// <summary>Reads a BPE vocabulary from two files, the form in which GPT-1 and GPT-2 were released (see <see cref="BpeText"/>).</summary>
internal static class BpeFiles
{
    /// <summary>
    /// Reads the two files. A vocabulary whose tokens end words with <c>&lt;/w&gt;</c> is GPT-1's kind; any other is the byte-level kind. An entry
    /// that is neither an initial symbol nor the result of a merge, such as <c>&lt;|endoftext|&gt;</c>, is a special token. The files
    /// <c>tokenizer_config.json</c>, <c>special_tokens_map.json</c> and <c>added_tokens.json</c> in the same directory are read as well.
    /// </summary>
    /// <param name="vocabularyPath">The path of the JSON object from token to id.</param>
    /// <param name="mergesPath">The path of the merges.</param>
    /// <param name="gpt1Words">How text is prepared before the symbols of its words are merged. Used only for GPT-1's kind.</param>
    /// <exception cref="InvalidDataException">A file is malformed; the message names it and the line.</exception>
    public static Tokenizer Read(string vocabularyPath, string mergesPath, Gpt1Words gpt1Words = Gpt1Words.Basic)
    {
        TokenizerCompanions companions = TokenizerCompanions.Beside(vocabularyPath);
        VocabularyEntries vocabulary = new();
        BpeText.ReadVocabulary(vocabularyPath, vocabulary);
        BpeText.ReadMerges(mergesPath, vocabulary);
        bool isGpt1 = vocabulary.Has(Gpt1Bpe.Unknown) && vocabulary.Has($"e{Gpt1Bpe.EndOfWord}");
        companions.AddTo(vocabulary);
        if (isGpt1)
        {
            RefuseMissingMerges(text => text.EndsWith(Gpt1Bpe.EndOfWord, StringComparison.Ordinal) && !Gpt1Json.IsOneSymbol(text));
            vocabulary.MarkUnmadeAsSpecial(Gpt1Json.IsOneSymbol);
            Gpt1Json.RefuseOtherSwitches(companions);
            return companions.Assign(Gpt1Json.Create(vocabulary, vocabularyPath, gpt1Words));
        }

        RefuseMissingMerges(text => ByteAlphabet.Read(text) is [(byte)' ', var second, ..] && char.IsAsciiLetter((char)second));
        vocabulary.MarkUnmadeAsSpecial(text => ByteAlphabet.Read(text) is { Length: 1 });
        return companions.Assign(ByteLevelJson.Create(vocabulary, vocabularyPath, new ByteLevelText { AddPrefixSpace = companions.Switch(ByteLevelJson.PrefixSpaceKey) == true }));

        // A word that no merge produces is not a special token. Without its merge, text would be encoded as shorter tokens.
        void RefuseMissingMerges(Func<string, bool> isWord)
        {
            if (vocabulary.FindUnmade(isWord) is { } word)
                throw new InvalidDataException($"{mergesPath}: no merge makes the token '{word}' of {Path.GetFileName(vocabularyPath)}; the file is incomplete or belongs to another vocabulary");
        }
    }
}
