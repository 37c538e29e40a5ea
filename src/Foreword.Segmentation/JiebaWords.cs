using JiebaNet.Segmenter;

namespace Foreword.Segmentation;

/// <summary>
/// Divides Chinese text into the words of jieba's dictionary, so that the product of their frequencies is largest (jieba.NET). Words that the
/// dictionary does not contain become single characters. jieba's guess of new words (its hidden Markov model) is off: it would make words of
/// neighboring characters that never occur again.
/// </summary>
/// <remarks>The dictionary is read from the folder <c>jieba</c> next to the program when the first text is divided, which takes a few seconds.</remarks>
public sealed class JiebaWords : IWordSegmenter
{
    private const string Folder = "jieba", Dictionary = "dict.txt";

    private static readonly Lazy<JiebaSegmenter> Shared = new(Load);

    /// <inheritdoc/>
    public string Name => "jieba.NET 0.42.2";

    /// <inheritdoc/>
    /// <exception cref="FileNotFoundException">The dictionary is not next to the program.</exception>
    public IEnumerable<string> Words(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Joined(Shared.Value.Cut(text, cutAll: false, hmm: false));
    }

    /// <summary>Joins the two halves of characters outside the basic plane, which jieba.NET returns one after the other.</summary>
    private static IEnumerable<string> Joined(IEnumerable<string> words)
    {
        string high = "";
        foreach (string word in words)
        {
            if (high.Length == 0 && word.Length == 1 && char.IsHighSurrogate(word[0]))
            {
                high = word;
                continue;
            }

            bool isLow = char.IsLowSurrogate(word[0]);
            if (high.Length > 0 && !isLow)
                yield return high;
            yield return high.Length > 0 && isLow ? high + word : word;
            high = "";
        }

        if (high.Length > 0)
            yield return high;
    }

    private static JiebaSegmenter Load()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, Folder), dictionary = Path.Combine(folder, Dictionary);
        if (!File.Exists(dictionary))
            throw new FileNotFoundException($"the dictionary of Chinese words is not there: {dictionary}", dictionary);
        ConfigManager.ConfigFileBaseDir = folder;
        return new JiebaSegmenter();
    }
}
