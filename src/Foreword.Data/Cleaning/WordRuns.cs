using System.Text;
using Foreword.Numerics;
using Foreword.Tokenization.Normalization;

namespace Foreword.Data.Cleaning;

/// <summary>
/// Reads a document piece by piece and gives a hash of every run of neighbouring words. Words are runs of letters and digits, in lower
/// case; whatever else stands between them does not count. A CJK ideograph is a word of its own.
/// </summary>
/// <param name="length">Words of a run.</param>
/// <param name="onRun">Given the hash of each run.</param>
internal sealed class WordRuns(int length, Action<ulong> onRun)
{
    private readonly ulong[] _last = new ulong[length]; // hashes of the last words, the newest at the end
    private ulong _word; // of the word that is being read
    private bool _inWord;

    /// <summary>Words of the document that have ended.</summary>
    public long Words { get; private set; }

    /// <summary>The hash of the last run; of all words where they are fewer.</summary>
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

    /// <summary>Reads on in the document; a word may reach from one piece into the next.</summary>
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

    /// <summary>Ends the word that is being read, if there is one.</summary>
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

    /// <summary>The next document begins.</summary>
    public void Reset()
    {
        Array.Clear(_last);
        (_word, _inWord, Words) = (0, false, 0);
    }
}
