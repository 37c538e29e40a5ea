using System.CommandLine;

namespace Foreword.Cli;

/// <summary><c>foreword tokenizer train|encode|decode|inspect</c>.</summary>
internal static class TokenizerCommand
{
    public static Command Create(Terminal terminal)
    {
        _ = terminal;
        return new Command("tokenizer", "Train, use and look into tokenizers.").WithExample("foreword tokenizer train corpus.txt --vocab-size 4096 --out tokenizer");
    }
}
