namespace Foreword.Weights.HuggingFace;

/// <summary>
/// Removes the prefixes that wrappers add to tensor names: <c>module.</c> (DistributedDataParallel), <c>_orig_mod.</c> (torch.compile), <c>model.</c>
/// (Lightning), <c>transformer.</c> (GPT2LMHeadModel, nanoGPT) and others, nested in any order.
/// </summary>
internal static class WrapperNames
{
    /// <summary>Prefixes of modules that hold the whole model.</summary>
    private static readonly string[] Outermost = ["transformer.", "module.", "model.", "backbone."];

    /// <summary>Prefixes of modules that wrap the model or a part of it: torch.compile, FSDP, activation checkpointing.</summary>
    private static readonly string[] Anywhere = ["_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module."];

    /// <summary>Returns a tensor name without wrappers: <c>wte.weight</c> for <c>module._orig_mod.transformer.wte.weight</c>.</summary>
    public static string Remove(string name)
    {
        foreach (string wrapper in Anywhere)
        {
            for (int at = name.IndexOf(wrapper, StringComparison.Ordinal); at >= 0; at = name.IndexOf(wrapper, at, StringComparison.Ordinal))
            {
                if (at > 0 && name[at - 1] != '.')
                    at++; // part of a longer name
                else
                    name = name.Remove(at, wrapper.Length);
            }
        }

        while (Array.Find(Outermost, wrapper => name.StartsWith(wrapper, StringComparison.Ordinal)) is { } outer)
            name = name[outer.Length..];
        return name;
    }
}
