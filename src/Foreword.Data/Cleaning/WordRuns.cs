using System.Text;
using Foreword.Numerics;
using Foreword.Tokenization.Normalization;

namespace Foreword.Data.Cleaning;

/// <summary>
/// Reads a document chunk by chunk and hashes every sequence of neighboring words. Words are sequences of letters and digits, in lower case. All
/// other characters only separate words. A CJK ideograph is a word of its own.
/// </summary>
/// <param name="length">Number of words in a sequence.</param>
/// <param name="onRun">Receives the hash of each sequence.</param>
internal sealed class WordRuns(int length, Action<ulong> onRun)
{
    private readonly ulong[] _last = new ulong[length]; // hashes of the last words, the newest at the end
    private ulong _word; // hash of the word that is being read
    private bool _inWord;

    /// <summary>Gets the number of complete words of the document.</summary>
    public long Words { get; private set; }

    /// <summary>Gets the hash of the last sequence; of all words if there are fewer words.</summary>
    public ulong Last
    {
        get
        {
            ulong run = 0;
            foreach (ulong word in _last)
                run = SplitMix.Bits(run, word);
            return run;
        }
    }

    /// <summary>Adds the next chunk of the document. A word may continue from one chunk to the next.</summary>
    public void Add(ReadOnlySpan<char> text)
    {
        foreach (char character in text)
        {
            bool isIdeograph = character >= '\u3400' && !char.IsSurrogate(character) && BasicSplit.IsIdeograph(new Rune(character));
            if (isIdeograph)
                EndWord();
            if (char.IsLetterOrDigit(character) || char.IsSurrogate(character))
            {
                _word = (_word ^ char.ToLowerInvariant(character)) * 0x100000001B3; // FNV-1a
                _inWord = true;
            }
            else
            {
                EndWord();
            }

            if (isIdeograph)
                EndWord();
        }
    }

    /// <summary>Ends the word that is being read, if any.</summary>
    public void EndWord()
    {
        if (!_inWord)
            return;
        Array.Copy(_last, 1, _last, 0, _last.Length - 1);
        _last[^1] = _word;
        (_word, _inWord) = (0, false);
        if (++Words >= _last.Length)
            onRun(Last);
    }

    /// <summary>Starts the next document.</summary>
    public void Reset()
    {
        Array.Clear(_last);
        (_word, _inWord, Words) = (0, false, 0);
    }
}
