using System.Text;
using Foreword.Tokenization;

namespace Foreword.Segmentation;

/// <summary>
/// Encodes the words that a segmenter finds in a text, as GPT2-Chinese does with <c>--segment</c>. A word outside the vocabulary becomes the longest
/// entries that it consists of, from left to right, and a character outside the vocabulary becomes <c>[UNK]</c>. White space outside the vocabulary is
/// omitted. A line break is <c>[SEP]</c>, and <c>[CLS]</c> ends a document, as in GPT2-Chinese's articles.
/// </summary>
public sealed class SegmentedWords : Tokenizer
{
    /// <summary>The token that replaces a character outside the vocabulary.</summary>
    public const string Unknown = "[UNK]";

    internal const string KindName = "zh-word";

    private const string Padding = "[PAD]", End = "[CLS]", LineBreak = "[SEP]", Start = "[MASK]";

    internal static readonly string[] SpecialTexts = [Padding, Unknown, End, LineBreak, Start];

    private readonly IWordSegmenter _segmenter;
    private readonly TokenTexts _texts;
    private readonly int _unknown, _longest;
    private readonly int? _lineBreak;

    /// <summary>Creates the tokenizer from its vocabulary.</summary>
    /// <param name="tokens">The entries by id. They include <see cref="Unknown"/>, and the other special tokens if the model has them.</param>
    /// <param name="segmenter">Divides text into words.</param>
    /// <exception cref="ArgumentException">An entry is empty or occurs twice, or <see cref="Unknown"/> is missing.</exception>
    public SegmentedWords(IReadOnlyList<string> tokens, IWordSegmenter segmenter)
        : this(tokens, segmenter, [], new HashSet<int>())
    {
    }

    /// <summary>Creates the tokenizer from its vocabulary and the added tokens that its files declare.</summary>
    internal SegmentedWords(IReadOnlyList<string> tokens, IWordSegmenter segmenter, IReadOnlyCollection<AddedToken> added, IReadOnlySet<int> beyond)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(segmenter);
        HashSet<string> there = [.. tokens];
        _texts = new TokenTexts(tokens, SpecialTexts.Where(text => text == Unknown || there.Contains(text)), added, beyond);
        _segmenter = segmenter;
        _unknown = _texts.IdOf(Unknown)!.Value;
        _lineBreak = _texts.IdOf(LineBreak);
        _longest = tokens.Max(text => text.Length);
    }

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override int VocabSize => _texts.Count;

    /// <summary>Gets the id that ends a document: the one that the files name, or that of <c>[CLS]</c>; null if there is neither.</summary>
    public override int? EndOfTextId => Roles.EndOfText ?? _texts.IdOf(End);

    /// <inheritdoc/>
    public override int? UnknownId => _unknown;

    /// <inheritdoc/>
    public override IReadOnlyList<AddedToken> AddedTokens => _texts.Added;

    /// <inheritdoc/>
    public override string Fingerprint => _texts.Fingerprint($"{KindName} 1 {_segmenter.Name}{Roles.Signature(EndOfTextId)}");

    /// <summary>Gets the name of the segmenter.</summary>
    public string SegmenterName => _segmenter.Name;

    /// <summary>Returns the bytes of the word, or a line feed for <c>[SEP]</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary.</exception>
    public override ReadOnlySpan<byte> TokenBytes(int id) => id == _lineBreak ? "\n"u8 : Encoding.UTF8.GetBytes(_texts[id]);

    /// <inheritdoc/>
    public override string TokenText(int id) => _texts[id];

    /// <inheritdoc/>
    public override IReadOnlyList<Rune> LostCharacters(ReadOnlySpan<char> text)
    {
        HashSet<Rune> lost = [];
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool isLineBreak = rune.Value == '\n' && _lineBreak is not null;
            if (!isLineBreak && !Rune.IsWhiteSpace(rune) && _texts.Find(rune.ToString()) < 0)
                lost.Add(rune);
        }

        if (lost.Count == 0)
            return [];
        List<int> ids = [];
        HashSet<Rune> unknown = [];
        Encode(text, ids, unknown);
        return [.. unknown.Order()];
    }

    /// <summary>Writes <c>vocab_seg.txt</c> and <c>tokenizer_config.json</c>.</summary>
    /// <param name="directory">An existing directory.</param>
    /// <exception cref="DirectoryNotFoundException">The directory does not exist.</exception>
    public override void Save(string directory) => SegmentedWordsFiles.Save(this, directory);

    /// <inheritdoc/>
    internal override bool IsBeyondModel(int id) => _texts.IsBeyond(id);

    /// <inheritdoc/>
    internal override ReadOnlySpan<byte> WrittenBytes(int before, int id) => _texts[id] switch
    {
        End => "\n\n"u8,
        Start or Padding => [],
        _ => TokenBytes(id),
    };

    /// <summary>Divides a text into lines and those into words.</summary>
    /// <param name="text">The text.</param>
    /// <param name="segmenter">Divides lines into words.</param>
    /// <returns>The words and, for each line break, a line feed. Carriage returns are omitted.</returns>
    internal static IEnumerable<string> WordsOf(string text, IWordSegmenter segmenter)
    {
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            if (i > 0)
                yield return "\n";
            string line = lines[i].TrimEnd('\r');
            if (line.Length == 0)
                continue;
            foreach (string word in segmenter.Words(line))
                yield return word;
        }
    }

    private protected override Tokenizer WithNewTokens(IReadOnlyList<string> texts) =>
        _texts.With(texts, (all, added, beyond) => new SegmentedWords(all, _segmenter, added, beyond)).With(Roles);

    /// <inheritdoc/>
    protected override void EncodePlain(ReadOnlySpan<char> text, List<int> ids) => Encode(text, ids, unknown: null);

    private void Encode(ReadOnlySpan<char> text, List<int> ids, HashSet<Rune>? unknown)
    {
        string repaired = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.ToArray())); // a lone surrogate becomes U+FFFD
        foreach (string word in WordsOf(repaired, _segmenter))
        {
            if (word != "\n")
                EncodeWord(word, ids, unknown);
            else if (_lineBreak is { } id)
                ids.Add(id);
        }
    }

    private void EncodeWord(ReadOnlySpan<char> word, List<int> ids, HashSet<Rune>? unknown)
    {
        while (word.Length > 0)
        {
            int length = Math.Min(word.Length, _longest), id;
            while ((id = _texts.Find(word[..length])) < 0 && length > 1)
                length--;
            if (id < 0)
            {
                Rune.DecodeFromUtf16(word, out Rune rune, out length);
                if (!Rune.IsWhiteSpace(rune))
                {
                    ids.Add(_unknown);
                    unknown?.Add(rune);
                }
            }
            else
            {
                ids.Add(id);
            }

            word = word[length..];
        }
    }
}
