namespace Foreword.Tokenization.Bpe;

/// <summary>
/// Learns a byte-pair encoding over characters (Sennrich et al. 2016). The trainers of GPT-1's kind and of WordPiece share it. They differ in
/// how they write a character inside, at the beginning or at the end of a word.
/// </summary>
internal static class SymbolBpe
{
    /// <summary>A vocabulary: the symbols in ordinal order, then the results of merges.</summary>
    /// <param name="Tokens">The texts. The id of the first text is the number of reserved ids.</param>
    /// <param name="Merges">The merges by rank.</param>
    public sealed record Vocabulary(IReadOnlyList<string> Tokens, IReadOnlyList<BpeMerge> Merges);

    /// <summary>
    /// Learns the vocabulary of words. Symbols that are too rare, or for which the vocabulary has no room, are omitted. No merge joins text across
    /// an omitted symbol.
    /// </summary>
    /// <param name="words">The distinct words and their counts.</param>
    /// <param name="reserved">The number of ids before the first symbol.</param>
    /// <param name="trainer">The trainer whose vocabulary size and minimum frequency apply.</param>
    /// <param name="symbolsOf">Returns the characters of a word as symbols.</param>
    /// <param name="join">Returns the text of two joined neighbors.</param>
    /// <param name="progress">Is notified of every merge, with the number of merges learned and the number wanted.</param>
    /// <param name="cancellationToken">Cancels the training.</param>
    /// <exception cref="ArgumentException">There are no words.</exception>
    public static Vocabulary Learn(
        Dictionary<string, long> words, int reserved, TokenizerTrainer trainer, Func<string, IEnumerable<string>> symbolsOf, Func<string, string, string> join,
        Action<int, int> progress, CancellationToken cancellationToken)
    {
        if (words.Count == 0)
            throw new ArgumentException("there is no text to train on", nameof(words));
        Dictionary<string, long> counts = new(StringComparer.Ordinal);
        List<(string[] Symbols, long Count)> written = new(words.Count);
        foreach ((string word, long count) in words)
        {
            written.Add(([.. symbolsOf(word)], count));
            foreach (string symbol in written[^1].Symbols)
                counts[symbol] = counts.GetValueOrDefault(symbol) + count;
        }

        List<string> tokens = [.. counts
            .Where(symbol => symbol.Value >= trainer.MinFrequency)
            .OrderByDescending(symbol => symbol.Value).ThenBy(symbol => symbol.Key, StringComparer.Ordinal)
            .Take(trainer.VocabSize - reserved)
            .Select(symbol => symbol.Key).Order(StringComparer.Ordinal)];
        Dictionary<string, int> ids = tokens.Select((text, i) => (text, i)).ToDictionary(token => token.text, token => token.i + reserved, StringComparer.Ordinal);
        int wanted = trainer.VocabSize - reserved - tokens.Count;
        List<(int[] Symbols, long Count)> parts = [.. written.SelectMany(word => Known(word.Symbols, ids).Select(part => (part, word.Count)))];
        List<BpeMerge> merges = [];
        foreach (LearnedMerge merge in PairCounts.Learn(parts, reserved + tokens.Count, wanted, trainer.MinFrequency, learned => progress(learned, wanted), cancellationToken))
        {
            merges.Add(new BpeMerge(merge.Left, merge.Right, reserved + tokens.Count));
            tokens.Add(join(tokens[merge.Left - reserved], tokens[merge.Right - reserved]));
        }

        return new Vocabulary(tokens, merges);
    }

    /// <summary>Returns the runs of symbols that have ids.</summary>
    private static IEnumerable<int[]> Known(string[] symbols, Dictionary<string, int> ids)
    {
        List<int> run = [];
        foreach (string symbol in symbols)
        {
            if (ids.TryGetValue(symbol, out int id))
            {
                run.Add(id);
                continue;
            }

            if (run.Count > 0)
                yield return [.. run];
            run.Clear();
        }

        if (run.Count > 0)
            yield return [.. run];
    }
}
