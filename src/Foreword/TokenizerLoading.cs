using Foreword.Tokenization;
using Foreword.Weights.Catalog;

namespace Foreword;

/// <summary>Loads tokenizers without their models: <c>Tokenizer.Load("small")</c>.</summary>
public static class TokenizerLoading
{
    extension(Tokenizer)
    {
        /// <summary>Loads the tokenizer of a model, or one that stands alone.</summary>
        /// <param name="path">A tokenizer's directory, a model in any format, a checkpoint, a run directory, or the name of a downloaded model (OWNER/NAME).</param>
        /// <exception cref="DirectoryNotFoundException">There is nothing at the path.</exception>
        /// <exception cref="FileNotFoundException">The path holds no tokenizer.</exception>
        /// <exception cref="InvalidDataException">A file is broken; the message names it.</exception>
        /// <exception cref="NotSupportedException">The tokenizer needs a feature that Foreword does not have.</exception>
        public static Tokenizer Load(string path) => ModelDirectory.LoadTokenizer(path);
    }
}
